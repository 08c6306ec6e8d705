"""Compare decoded values on the host and format them."""

import math
from typing import Any

from refinegraph.tools.sandbox.guest.codec import exact_type

_MAX_SHOWN = 600
"""Characters of a value that a verdict shows: a choice."""
_PLAIN_NUMBERS = (int, float, complex)


def same_value(got: Any, expected: Any, *, relative: float = 1e-9) -> bool:
    """Return whether two plain values are equal, comparing floats with a relative tolerance.

    >>> same_value([0.1 + 0.2, (1,)], [0.3, (1,)])
    True
    >>> same_value([1], (1,))
    False
    """
    if isinstance(got, float) or isinstance(expected, float):
        return _same_number(got, expected, relative)
    kind = exact_type(got)
    if kind in (list, tuple) and kind is type(expected):
        return len(got) == len(expected) and all(
            same_value(one, other, relative=relative)
            for one, other in zip(got, expected, strict=True)
        )
    if kind is dict and type(expected) is kind:
        return got.keys() == expected.keys() and all(
            same_value(got[key], expected[key], relative=relative) for key in got
        )
    return bool(got == expected)


def show(value: object) -> str:
    """Return a short repr of a plain value, in bounded time."""
    try:
        text = repr(value)
    except ValueError:
        text = "a value with an integer of very many digits"
    return (
        text
        if len(text) <= _MAX_SHOWN
        else f"{text[: _MAX_SHOWN // 2]} ... {text[-_MAX_SHOWN // 2 :]}"
    )


def _same_number(got: object, expected: object, relative: float) -> bool:
    if not isinstance(got, _PLAIN_NUMBERS) or not isinstance(expected, _PLAIN_NUMBERS):
        return False
    if isinstance(got, complex) or isinstance(expected, complex):
        return got == expected
    try:
        return math.isclose(got, expected, rel_tol=relative, abs_tol=0.0) or got == expected
    except OverflowError:
        return False
