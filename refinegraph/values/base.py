"""The base class of all kinds of option values."""

from collections.abc import Sequence
from typing import Any, TypeVar

from refinegraph.errors import InputError
from refinegraph.values.plain import is_instance, plain_data

T = TypeVar("T")


class UnfitValue(ValueError):
    """An option cannot take a value; the message is a phrase that follows the value."""


class Value:
    """A kind of value. Subclasses implement `check`, and `read` if text needs parsing.

    `objects` names a class as `module:Class`, whose instances are accepted unchanged.
    """

    metavar = "VALUE"
    is_flag = False
    """Whether the flag on the command line takes no value."""
    suggestions: Sequence[str] = ()
    """Words that a shell may complete a value with."""

    def __init__(self, metavar: str | None = None, *, objects: str | None = None) -> None:
        self.metavar = metavar or self.metavar
        self.objects = objects

    def read(self, text: str) -> Any:
        """Parse a value from text; raises `UnfitValue`."""
        return self.check(text)

    def accept(self, value: Any) -> Any:
        """Check a value from Python or from a file and return it; raises `UnfitValue`."""
        if self.objects and is_instance(value, self.objects):
            return value
        return self.check(value)

    def check(self, value: Any) -> Any:
        """Return a plain value in its normal form; raises `UnfitValue`."""
        raise NotImplementedError

    def identity(self, value: Any) -> Any:
        """Return plain data that distinguishes the value from others."""
        return plain_data(value)


def check_argument(function: str, name: str, value: T, kind: Value) -> T:
    """Return an argument of a function that an option could also set, unchanged if it fits.

    Raises `InputError` that names the function and the argument.

    >>> from refinegraph.values import Number
    >>> check_argument("rounds", "limit", -1, Number(whole=True, minimum=0))
    Traceback (most recent call last):
    ...
    refinegraph.errors.InputError: rounds: limit=-1 is not a whole number of at least 0.
    """
    try:
        kind.accept(value)
    except UnfitValue as error:
        raise InputError(f"{function}: {name}={value!r} {error}.") from None
    return value


def nearest(word: object, known: Sequence[str]) -> str:
    """Return a hint at the most similar known word, or an empty string.

    >>> nearest("agrement", ["agreement"])
    " (did you mean 'agreement'?)"
    """
    import difflib

    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
