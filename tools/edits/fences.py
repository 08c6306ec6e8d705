"""Find the fenced blocks of an answer and the lines before them."""

import re
from typing import NamedTuple

_FENCE = re.compile(r"^\s{0,8}(`{3,}|~{3,})(.*)$")


class Fenced(NamedTuple):
    """One fenced block."""

    start: int
    """Index of the opening line."""
    stop: int
    """Index after the closing line."""
    info: str
    """The info string after the opening marks."""
    lines: list[str]
    closed: bool


def fenced_parts(lines: list[str]) -> list[Fenced]:
    """Return the fenced blocks of an answer; the last one may be unclosed."""
    parts: list[Fenced] = []
    at = 0
    while at < len(lines):
        opening = _FENCE.match(lines[at])
        if opening is None:
            at += 1
            continue
        stop = _closing(lines, at + 1, opening[1])
        closed = stop < len(lines)
        parts.append(Fenced(at, stop + closed, opening[2].strip(), lines[at + 1 : stop], closed))
        at = stop + 1
    return parts


def _closing(lines: list[str], start: int, marks: str) -> int:
    for at in range(start, len(lines)):
        match = _FENCE.match(lines[at])
        if match and match[1].startswith(marks) and not match[2].strip():
            return at
    return len(lines)


def is_fence(line: str) -> bool:
    """Return whether a line opens or closes a fenced block."""
    return _FENCE.match(line) is not None


def without_fence(lines: list[str]) -> list[str] | None:
    """Return the content of a fence around all lines, or None if there is no such fence."""
    filled = [at for at, line in enumerate(lines) if line.strip()]
    if len(filled) < 2 or not is_fence(lines[filled[0]]):
        return None
    last = filled[-1] if is_fence(lines[filled[-1]]) else filled[-1] + 1
    return lines[filled[0] + 1 : last]


def line_before(lines: list[str], at: int) -> str:
    """Return the last non-blank line before an index, or an empty string."""
    return next((line for line in reversed(lines[:at]) if line.strip()), "")
