"""Strip line numbers that models copy from a listing into their code."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_NUMBERED = re.compile(r"^\s*(?:L|line )?(\d{1,6})\s?(?:\||:|\t|→|\.(?=\s)|\)(?=\s)) ?(.*)$")


class Numbered(NamedTuple):
    """Lines whose numbers were stripped, and the first number."""

    first: int
    lines: list[str]


def without_numbers(lines: Sequence[str]) -> Numbered | None:
    """Strip consecutive line numbers, or return None if the lines are not numbered that way.

    >>> without_numbers(["3 | if x:", "4 |     return 1"])
    Numbered(first=3, lines=['if x:', '    return 1'])
    >>> without_numbers(["3 | if x:", "    return 1"]) is None
    True
    """
    numbers, plain = read_numbers(lines)
    if not numbers or len(numbers) != len(lines) or not _counts_up(numbers):
        return None
    return Numbered(numbers[0], plain)


def read_numbers(lines: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return the leading numbers and the stripped lines, up to the first unnumbered line."""
    numbers: list[int] = []
    plain: list[str] = []
    for line in lines:
        match = _NUMBERED.match(line)
        if match is None:
            break
        numbers.append(int(match[1]))
        plain.append(match[2])
    return numbers, plain


def _counts_up(numbers: Sequence[int]) -> bool:
    return all(number == numbers[0] + offset for offset, number in enumerate(numbers))
