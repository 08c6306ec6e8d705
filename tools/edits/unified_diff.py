"""Read unified diffs, with or without git headers, even if their line counts are wrong."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.tools.edits.fences import fenced_parts
from refinegraph.tools.edits.lines import as_block
from refinegraph.tools.edits.types import DeleteFile, Edit, LineEdit, RejectedEdit, Replacement

_HUNK = re.compile(r"^@@+(?:\s*-(\d+)(?:,(\d+))?\s+\+(\d+)(?:,(\d+))?\s*@@.*|.*)$")
_FILE = re.compile(r"^(?:---|\+\+\+) +\"?([^\t\"]+)")
_GIT = re.compile(r"^diff --git ")
_META = re.compile(
    r"^(?:diff --git |index [0-9a-f]+\.\.|new file mode|deleted file mode|old mode|new mode"
    r"|similarity index|dissimilarity index|rename (?:from|to) |Index: |={60,}$)"
)
_UNSUPPORTED = re.compile(r"^(?:rename from |copy from |GIT binary patch|Binary files )", re.M)
_NOWHERE = "/dev/null"


def has_diff(text: str) -> bool:
    """Return whether an answer contains a unified diff, or lines of one."""
    return bool(_diff_texts(text))


def read_diff(text: str) -> list[Edit] | RejectedEdit:
    """Return one edit for every hunk of the diffs in an answer."""
    if _UNSUPPORTED.search(text):
        reason = "Renames, copies and binary patches are not supported; write the new file in full."
        return RejectedEdit(kind="unsupported", reason=reason)
    return [edit for lines in _diff_texts(text) for edit in _read_lines(lines)]


def _diff_texts(text: str) -> list[list[str]]:
    """Return the parts of an answer that are diffs: fenced blocks, or else all of it."""
    lines = text.split("\n")
    parts = fenced_parts(lines)
    diffs = [part.lines for part in parts if _is_diff(part.lines, part.info)]
    if diffs:
        return diffs
    begin = next((at for at in range(len(lines)) if _begins(lines, at)), None)
    if begin is not None:
        return [lines[begin:]]
    return [lines] if not parts and _is_bare(lines) else []


def _is_diff(lines: Sequence[str], info: str) -> bool:
    if any(_begins(lines, at) for at in range(len(lines))):
        return True
    named = info.lower().split()[:1] in (["diff"], ["patch"], ["udiff"])
    return (named and any(line[:1] in "+-" and line for line in lines)) or _is_bare(lines)


def _begins(lines: Sequence[str], at: int) -> bool:
    line = lines[at]
    if _GIT.match(line):
        return True
    if line.startswith("--- ") and _FILE.match(line):
        return at + 1 < len(lines) and lines[at + 1].startswith("+++ ")
    match = _HUNK.match(line)
    return match is not None and (match[1] is not None or line.strip("@ .") == "")


def _is_bare(lines: Sequence[str]) -> bool:
    """Return whether all lines are removed, added or context lines, with some of both changes."""
    filled = [line for line in lines if line.strip()]
    marks = {line[0] for line in filled}
    return {"-", "+"} <= marks <= {"-", "+", " "} and not any(
        line.startswith(("---", "+++")) for line in filled
    )


def _read_lines(lines: Sequence[str]) -> list[Edit]:
    edits: list[Edit] = []
    at, old, new = 0, "", ""
    while at < len(lines):
        line = lines[at]
        if _begins_file(lines, at):
            old, new = _path(line), _path(lines[at + 1])
            at += 2
            if new == _NOWHERE:
                edits.append(DeleteFile(path=old))
                at = _next_file(lines, at)
        elif _META.match(line):
            at += 1
        else:
            header = _HUNK.match(line)
            start = at + 1 if header else at
            stop = _hunk_end(lines, start, header)
            path = new if old == _NOWHERE else (new or old)
            edits += _hunk_edit(lines[start:stop], header, path)
            at = max(stop, at + 1)
    return edits


def _begins_file(lines: Sequence[str], at: int) -> bool:
    follows = at + 1 < len(lines) and lines[at + 1].startswith("+++ ")
    return lines[at].startswith("--- ") and follows


def _next_file(lines: Sequence[str], at: int) -> int:
    later = range(at, len(lines))
    return next((n for n in later if _GIT.match(lines[n]) or _begins_file(lines, n)), len(lines))


def _path(line: str) -> str:
    match = _FILE.match(line)
    return match[1].strip() if match else ""


def _hunk_end(lines: Sequence[str], start: int, header: re.Match[str] | None) -> int:
    """Return where a hunk ends: by its line counts if they match its lines, or else by markers."""
    if header is not None and header[1] is not None:
        stop = _counted_end(lines, start, int(header[2] or 1), int(header[4] or 1))
        if stop is not None:
            return stop
    for at in range(start, len(lines)):
        line = lines[at]
        if _HUNK.match(line) or _META.match(line) or _begins_file(lines, at):
            return at
    return len(lines)


def _counted_end(lines: Sequence[str], start: int, old: int, new: int) -> int | None:
    at = start
    while (old or new) and at < len(lines):
        mark = lines[at][:1]
        if mark not in ("-", "+", " ", "", "\\"):
            return None
        old -= mark in ("-", " ", "")
        new -= mark in ("+", " ", "")
        if old < 0 or new < 0:
            return None
        at += 1
    if old or new:
        return None
    return at if _may_end(lines, at) else None


def _may_end(lines: Sequence[str], at: int) -> bool:
    """Return whether a hunk can end here; if more of its lines follow, its count was too small."""
    if at >= len(lines) or _begins_file(lines, at):
        return True
    return lines[at][:1] not in ("-", "+", " ") or not lines[at].strip()


def _hunk_edit(body: Sequence[str], header: re.Match[str] | None, path: str) -> list[Edit]:
    sides = _sides(_without_tail(body))
    if not sides.changes:
        return []
    line = int(header[1]) if header is not None and header[1] is not None else None
    if not sides.old and line is not None:
        return [LineEdit(first=line + 1, last=line, text=as_block(sides.new), path=path)]
    search, replace = as_block(sides.old), as_block(sides.new)
    return [Replacement(search=search, replace=replace, path=path, line=line)]


def _without_tail(body: Sequence[str]) -> list[str]:
    """Drop the empty lines that a fence or the end of an answer leaves after a hunk."""
    kept = list(body)
    while kept and not kept[-1]:
        kept.pop()
    return kept


class _Sides(NamedTuple):
    old: list[str]
    new: list[str]
    changes: bool


def _sides(body: Sequence[str]) -> _Sides:
    old: list[str] = []
    new: list[str] = []
    for line in body:
        mark, rest = line[:1], line[1:]
        if mark == "\\":
            continue
        if mark not in ("-", "+", " ", ""):
            rest = line
        if mark != "+":
            old.append(rest)
        if mark != "-":
            new.append(rest)
    return _Sides(old, new, any(line[:1] in ("-", "+") for line in body))
