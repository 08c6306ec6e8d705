"""Detect lines such as `# ... rest of the code ...`, with which models omit code."""

import re
from collections.abc import Sequence
from itertools import pairwise

from refinegraph.tools.edits.lines import columns

_DOTS = r"(?:\.{3,}|…)"
_MARK = r"(?:\#|//|--|/\*|<!--|;)"
_SKIPPED = (
    r"(?:rest of (?:the|your|this)\b|(?:existing|previous|remaining|unchanged|other|same)\s+"
    r"(?:code|lines?|methods?|functions?|implementation|imports?)|(?:code|rest|remains?|stays?|is)\s+"
    r"(?:unchanged|the same))"
)
_ELISION = re.compile(
    rf"^\s*(?:{_DOTS}\s*$|\(?{_MARK}\s*\(?{_DOTS}|{_MARK}.*{_SKIPPED}.*|{_DOTS}\s*\(?\b.*{_SKIPPED}.*"
    rf"|[\[(]{_DOTS}.*[\])]\s*$)",
    re.IGNORECASE,
)


def is_elision(line: str) -> bool:
    """Return whether a line stands for omitted lines.

    >>> is_elision("    # ... existing code ..."), is_elision("...")
    (True, True)
    >>> is_elision("return [...]"), is_elision("# the rest is added below")
    (False, False)
    """
    return _ELISION.match(line) is not None


def elided_at(lines: Sequence[str], *, original: Sequence[str] = ()) -> list[int]:
    """Return the indices of the lines that stand for omitted lines.

    A line that the original text contains stands for itself, and so does an ellipsis that is the
    whole body of a definition.

    >>> elided_at(["def f(x):", "    ...", "    return x"])
    [1]
    >>> elided_at(["def f(x):", "    ...", "", "y = 1"])
    []
    """
    literal = {line.strip() for line in original}
    return [
        at
        for at, line in enumerate(lines)
        if is_elision(line) and line.strip() not in literal and not _is_stub(lines, at)
    ]


def split_at_elisions(lines: Sequence[str], *, original: Sequence[str] = ()) -> list[list[str]]:
    """Return the runs of lines between the elisions, including empty ones."""
    bounds = [-1, *elided_at(lines, original=original), len(lines)]
    return [list(lines[start + 1 : stop]) for start, stop in pairwise(bounds)]


def _is_stub(lines: Sequence[str], at: int) -> bool:
    if lines[at].strip() != "...":
        return False
    before = next((line for line in reversed(lines[:at]) if line.strip()), "")
    after = next((line for line in lines[at + 1 :] if line.strip()), "")
    opens = before.rstrip().endswith(":") and columns(before) < columns(lines[at])
    return opens and columns(after) < columns(lines[at])
