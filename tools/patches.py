"""Write unified diffs that `git apply` accepts, and apply them exactly."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from refinegraph.errors import InputError

Files = Mapping[str, str | None]
"""File texts by path; None for a file that does not exist."""

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_NO_NEWLINE = "\\ No newline at end of file\n"


def unified_patch(before: Files, after: Files) -> str:
    r"""Return the patch from one set of files to another; empty if they are equal.

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
    """Apply a patch made by `unified_patch` and return the changed files.

    `read` returns the current text of a file, or None if the file does not exist. Raises
    `InputError` if the current files differ from those that the patch was made for.
    """
    changed: dict[str, str | None] = {}
    for part in _parts(patch):
        before = read(part.path)
        if (before is None) != part.creates:
            state = "missing" if before is None else "there already"
            raise InputError(f"the patch does not apply: the file {part.path!r} is {state}.")
        lines = _lines(before)
        after = _patched(lines, part)
        changed[part.path] = None if part.deletes else "".join(after)
    return changed


def changed_lines(patch: str) -> dict[str, list[int]]:
    """Return the numbers of the old lines that a patch changes, by path.

    If lines are only added, the lines around the insertion count: tests that reach the insertion
    execute at least one of them.
    """
    changed: dict[str, list[int]] = {}
    for part in _parts(patch):
        lines = changed.setdefault(part.path, [])
        for hunk in part.hunks:
            lines += _old_lines(hunk)
    return changed


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
    return heading + "".join(_terminated(line) for line in lines)


def _lines(text: str | None) -> list[str]:
    """Split at newlines only, as git does: other line breaks are part of a line."""
    parts = (text or "").split("\n")
    lines = [f"{part}\n" for part in parts[:-1]]
    return lines + ([parts[-1]] if parts[-1] else [])


def _terminated(line: str) -> str:
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
    index = 0
    for hunk in part.hunks:
        result += lines[index : hunk.start - 1]
        index = max(index, hunk.start - 1)
        for line in hunk.lines:
            if line[0] == "+":
                result.append(line[1:])
                continue
            if index >= len(lines) or lines[index] != line[1:]:
                raise InputError(
                    f"the patch does not apply to line {index + 1} of {part.path!r}: expected "
                    f"{line[1:].rstrip()!r:.80}."
                )
            if line[0] == " ":
                result.append(lines[index])
            index += 1
    return result + list(lines[index:])


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
