"""Find the lines that an edit refers to: exactly, then ignoring whitespace, then by similarity.

A method is tried only if the one before it matched nothing. A method with several matches ends the
search: the edit is ambiguous, and later methods are only more tolerant.
"""

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from refinegraph.tools.edits.lines import loose_key, relative_keys
from refinegraph.tools.edits.types import MatchMethod

CLOSE = 0.8
"""Least difflib ratio at which a block of lines counts as a miscopy of the search."""
CLOSE_LINE = 0.9
"""The same for a single line: among the lines of recorded programs, 17 % have a ratio of at least
0.8 with another line of their program, and 7 % have one of at least 0.9."""
MARGIN = 0.05
"""The lead that the best similar block must have over every other one: a choice."""
_LINE_CLOSE = 0.6
"""Least ratio at which two lines are paired inside a similar block: a choice."""
_MAX_COMPARED = 4_000_000
"""Characters to compare at most, which takes about a second. Larger files are not searched for
similar lines."""


class Span(NamedTuple):
    """A range of a text's lines, paired with the lines of an edit."""

    start: int
    stop: int
    matched_by: MatchMethod
    pairs: tuple[tuple[int, int], ...]
    """Indices of paired lines, in the search and in the text."""


def find_spans(search: Sequence[str], lines: Sequence[str]) -> list[Span]:
    """Return all matches of the first method that has any, in the order of the text."""
    if not search:
        return []
    spans = _exact(search, lines)
    if not any(line.strip() for line in search):
        return spans
    for keys in (_stripped, _relative, _loose):
        spans = spans or _ignoring_blank_lines(search, lines, keys)
    return spans


def find_without_blank_lines(search: Sequence[str], lines: Sequence[str]) -> list[Span]:
    """Return all matches that ignore blank lines and trailing whitespace."""
    if not any(line.strip() for line in search):
        return []
    return _ignoring_blank_lines(search, lines, _stripped)


def _exact(search: Sequence[str], lines: Sequence[str]) -> list[Span]:
    size, block = len(search), list(search)
    return [
        _aligned(start, size, "exact")
        for start in range(len(lines) - size + 1)
        if lines[start] == block[0] and list(lines[start : start + size]) == block
    ]


def _aligned(start: int, size: int, method: MatchMethod) -> Span:
    return Span(start, start + size, method, tuple((at, start + at) for at in range(size)))


_Keys = Callable[[Sequence[str]], list[str]]


def _stripped(lines: Sequence[str]) -> list[str]:
    return [line.rstrip() for line in lines]


def _relative(lines: Sequence[str]) -> list[str]:
    return relative_keys(lines)


def _loose(lines: Sequence[str]) -> list[str]:
    return [loose_key(line) for line in lines]


def _ignoring_blank_lines(search: Sequence[str], lines: Sequence[str], keys: _Keys) -> list[Span]:
    in_search = [at for at, line in enumerate(search) if line.strip()]
    in_lines = [at for at, line in enumerate(lines) if line.strip()]
    search_keys = keys([search[at] for at in in_search])
    first = loose_key(search_keys[0])
    spans: list[Span] = []
    for begin in range(len(in_lines) - len(in_search) + 1):
        if loose_key(lines[in_lines[begin]]) != first:
            continue
        window = in_lines[begin : begin + len(in_search)]
        if keys([lines[at] for at in window]) == search_keys:
            pairs = tuple(zip(in_search, window, strict=True))
            spans.append(Span(window[0], window[-1] + 1, "whitespace", pairs))
    return spans


class WithinLine(NamedTuple):
    """The start of a match inside one line."""

    line: int
    column: int


def find_within_lines(search: str, lines: Sequence[str]) -> list[WithinLine]:
    """Return where a part of a line occurs, except in the middle of a word."""
    places: list[WithinLine] = []
    for number, line in enumerate(lines):
        column = line.find(search) if search else -1
        while column >= 0:
            if _is_whole(line, column, column + len(search)):
                places.append(WithinLine(number, column))
            column = line.find(search, column + 1)
    return places


def _is_whole(line: str, start: int, stop: int) -> bool:
    def joins(left: str, right: str) -> bool:
        return (left.isalnum() or left == "_") and (right.isalnum() or right == "_")

    before = start > 0 and joins(line[start - 1], line[start])
    after = stop < len(line) and joins(line[stop - 1], line[stop])
    return not before and not after


class Similar(NamedTuple):
    """A range of lines that is similar to the search."""

    start: int
    stop: int
    ratio: float


def similar_places(
    search: Sequence[str], lines: Sequence[str], *, at_least: float
) -> list[Similar]:
    """Return the most similar ranges of lines, best first; no two of them overlap."""
    search_key = "\n".join(filter(None, map(loose_key, search)))
    keys = [loose_key(line) for line in lines]
    if not search_key or sum(map(len, keys)) * 3 > _MAX_COMPARED:
        return []
    matcher: SequenceMatcher[str] = SequenceMatcher(None, autojunk=False)
    matcher.set_seq2(search_key)
    ranges: list[Similar] = []
    for start, stop in _windows(len(search), keys):
        matcher.set_seq1("\n".join(filter(None, keys[start:stop])))
        if matcher.real_quick_ratio() >= at_least and matcher.quick_ratio() >= at_least:
            ratio = matcher.ratio()
            if ratio >= at_least:
                ranges.append(Similar(start, stop, ratio))
    return _without_overlaps(ranges)


def _windows(size: int, keys: Sequence[str]) -> list[tuple[int, int]]:
    """Return ranges of about `size` lines that begin and end with a non-blank line."""
    slack = 0 if size == 1 else max(1, size // 5)
    return [
        (start, start + length)
        for start, key in enumerate(keys)
        if key
        for length in range(max(1, size - slack), size + slack + 1)
        if start + length <= len(keys) and keys[start + length - 1]
    ]


def _without_overlaps(ranges: list[Similar]) -> list[Similar]:
    kept: list[Similar] = []
    for similar in sorted(
        ranges, key=lambda similar: (-similar.ratio, similar.start, similar.stop)
    ):
        if all(similar.stop <= other.start or similar.start >= other.stop for other in kept):
            kept.append(similar)
    return kept


def find_close(search: Sequence[str], lines: Sequence[str]) -> list[Span]:
    """Return the most similar span, or several spans if none leads by `MARGIN`, or none."""
    is_one_line = sum(bool(line.strip()) for line in search) == 1
    threshold = CLOSE_LINE if is_one_line else CLOSE
    ranges = similar_places(search, lines, at_least=threshold - MARGIN)
    best = ranges[0].ratio if ranges else 0.0
    if best < threshold:
        return []
    return [
        Span(similar.start, similar.stop, "close", _pair_up(search, lines, similar))
        for similar in ranges
        if similar.ratio > best - MARGIN
    ]


def _pair_up(
    search: Sequence[str], lines: Sequence[str], place: Similar
) -> tuple[tuple[int, int], ...]:
    """Pair the lines of both sides in order, maximising their total similarity."""
    sought = [at for at, line in enumerate(search) if line.strip()]
    window = [at for at in range(place.start, place.stop) if lines[at].strip()]
    likeness = [[_likeness(search[left], lines[right]) for right in window] for left in sought]
    best = [[0.0] * (len(window) + 1) for _ in range(len(sought) + 1)]
    for row in range(len(sought) - 1, -1, -1):
        for column in range(len(window) - 1, -1, -1):
            paired = likeness[row][column] + best[row + 1][column + 1]
            best[row][column] = max(paired, best[row + 1][column], best[row][column + 1])
    pairs: list[tuple[int, int]] = []
    row = column = 0
    while row < len(sought) and column < len(window):
        here = best[row][column]
        if likeness[row][column] and here == likeness[row][column] + best[row + 1][column + 1]:
            pairs.append((sought[row], window[column]))
            row, column = row + 1, column + 1
        elif here == best[row + 1][column]:
            row += 1
        else:
            column += 1
    return tuple(pairs)


def _likeness(left: str, right: str) -> float:
    ratio = SequenceMatcher(None, loose_key(left), loose_key(right), autojunk=False).ratio()
    return ratio if ratio >= _LINE_CLOSE else 0.0
