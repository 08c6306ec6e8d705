"""Unified diffs that `git apply` takes: written from files, and read back exactly."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from refinegraph.errors import InputError

Files = Mapping[str, str | None]
"""Paths to texts; None for a file that does not exist."""

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_NO_NEWLINE = "\\ No newline at end of file\n"


def unified_patch(before: Files, after: Files) -> str:
    r"""Return the patch from one set of files to another, empty where they are equal.

    >>> print(unified_patch({"a.py": "x = 1\n"}, {"a.py": "x = 2\n"}), end="")
    diff --git a/a.py b/a.py
    --- a/a.py
    +++ b/a.py
    @@ -1 +1 @@
    -x = 1
    +x = 2
    """
    paths = sorted({*before, *after})
    return "".join(_file_patch(path, before.get(path), after.get(path)) for path in paths)


def apply_patch(patch: str, read: Callable[[str], str | None]) -> dict[str, str | None]:
    """Return the files that a patch of `unified_patch` changes, as they are afterwards.

    `read` returns the text of a file before, None where there is none. Raises `InputError` where
    a line that the patch expects is another one.
    """
    changed: dict[str, str | None] = {}
    for part in _parts(patch):
        before = read(part.path)
        if (before is None) != part.creates:
            raise InputError(f"the patch does not fit: {part.path!r} was expected to be otherwise.")
        lines = _lines(before)
        after = _patched(lines, part)
        changed[part.path] = None if part.deletes else "".join(after)
    return changed


def changed_lines(patch: str) -> dict[str, list[int]]:
    """Return the lines of the old files that a patch replaces or stands beside.

    Where lines are only added, the lines around the place count: tests that reach the place
    execute at least one of them.
    """
    places: dict[str, list[int]] = {}
    for part in _parts(patch):
        lines = places.setdefault(part.path, [])
        for hunk in part.hunks:
            lines += _old_lines(hunk)
    return places


class _Hunk(NamedTuple):
    start: int
    lines: tuple[str, ...]


class _Part(NamedTuple):
    path: str
    creates: bool
    deletes: bool
    hunks: tuple[_Hunk, ...]


def _file_patch(path: str, before: str | None, after: str | None) -> str:
    if before == after:
        return ""
    old, new = f"a/{path}", f"b/{path}"
    heading = f"diff --git {old} {new}\n"
    if before is None:
        heading, old = f"{heading}new file mode 100644\n", "/dev/null"
    if after is None:
        heading, new = f"{heading}deleted file mode 100644\n", "/dev/null"
    lines = difflib.unified_diff(
        _lines(before), _lines(after), fromfile=old, tofile=new, lineterm="\n"
    )
    return heading + "".join(_ended(line) for line in lines)


def _lines(text: str | None) -> list[str]:
    """Split at newlines only: other line ends are part of a line, as git sees it."""
    parts = (text or "").split("\n")
    ended = [f"{part}\n" for part in parts[:-1]]
    return ended + ([parts[-1]] if parts[-1] else [])


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}"


def _parts(patch: str) -> Iterator[_Part]:
    for section in re.split(r"^(?=diff --git )", patch, flags=re.MULTILINE):
        lines = _lines(section)
        names = [line[4:].strip() for line in lines if line.startswith(("--- ", "+++ "))][:2]
        if len(names) < 2:
            continue
        old, new = names
        path = (old if new == "/dev/null" else new).partition("/")[2]
        yield _Part(path, old == "/dev/null", new == "/dev/null", tuple(_hunks(lines)))


def _hunks(lines: Sequence[str]) -> Iterator[_Hunk]:
    start, body = 0, list[str]()
    for line in lines:
        match = _HUNK.match(line)
        if match:
            if body:
                yield _Hunk(start, tuple(body))
            start, body = int(match[1]) + (match[2] == "0"), []
        elif start and line.startswith("\\"):
            body[-1] = body[-1].removesuffix("\n")
        elif start:
            body.append(line)
    if body:
        yield _Hunk(start, tuple(body))


def _patched(lines: Sequence[str], part: _Part) -> list[str]:
    result: list[str] = []
    place = 0
    for hunk in part.hunks:
        result += lines[place : hunk.start - 1]
        place = max(place, hunk.start - 1)
        for line in hunk.lines:
            if line[0] == "+":
                result.append(line[1:])
                continue
            if place >= len(lines) or lines[place] != line[1:]:
                raise InputError(
                    f"the patch does not fit line {place + 1} of {part.path!r}: expected "
                    f"{line[1:].rstrip()!r:.80}."
                )
            if line[0] == " ":
                result.append(lines[place])
            place += 1
    return result + list(lines[place:])


def _old_lines(hunk: _Hunk) -> list[int]:
    touched: list[int] = []
    number = hunk.start
    for line in hunk.lines:
        if line[0] == "-":
            touched.append(number)
        elif line[0] == "+":
            touched += [max(1, number - 1), number]
        number += line[0] != "+"
    return list(dict.fromkeys(touched))
