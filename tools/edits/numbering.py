"""Line numbers that models copy from a listing into their code."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_NUMBERED = re.compile(r"^\s*(?:L|line )?(\d{1,6})\s?(?:\||:|\t|→|\.(?=\s)|\)(?=\s)) ?(.*)$")


class Numbered(NamedTuple):
    """Lines without the numbers that stood before them."""

    first: int
    lines: list[str]


def without_numbers(lines: Sequence[str]) -> Numbered | None:
    """Return the lines without their numbers; None where not all have one or they do not count up.

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
    """Return the numbers in front of lines and the lines without them, while there are any."""
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
