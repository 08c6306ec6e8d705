"""Read edits by line number: a heading such as `Lines 3-5:` before a block, or numbered lines."""

import re
from collections.abc import Sequence
from itertools import groupby, pairwise

from refinegraph.tools.edits.fences import Fenced, fenced_parts, line_before, without_fence
from refinegraph.tools.edits.lines import as_block
from refinegraph.tools.edits.numbering import read_numbers, without_numbers
from refinegraph.tools.edits.paths import path_in_info
from refinegraph.tools.edits.types import Edit, LineEdit

_RANGE = r"(\d{1,6})(?:\s*(?:-|\u2013|to|through|:|\.\.|,)\s*(\d{1,6}))?"
_HEADING = re.compile(
    r"^\W*(?:(replace|change|update|delete|remove|insert|add|edit|rewrite)\b)?\W*"
    rf"(?:(before|after|at|from)\b)?\W*(?:lines?|L)\W*{_RANGE}\W*(?:with|by|to|becomes?)?\W*$",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"^\s*edit\s+(\d+):(\d+)\s*$")
_END = re.compile(r"^\s*end_of_edit\s*$")


def read_line_edits(text: str) -> list[Edit]:
    """Return the edits that give line numbers; an empty list if the answer has none."""
    lines = text.split("\n")
    return [*_commands(lines)] or [*_headed(lines)] or [*_numbered(lines)]


def _commands(lines: Sequence[str]) -> list[LineEdit]:
    """Read SWE-agent's commands: `edit 3:5`, the new lines, `end_of_edit`."""
    edits: list[LineEdit] = []
    for at, line in enumerate(lines):
        match = _COMMAND.match(line)
        if match is None:
            continue
        end = next((n for n in range(at, len(lines)) if _END.match(lines[n])), len(lines))
        body = without_fence(list(lines[at + 1 : end])) or lines[at + 1 : end]
        edits.append(_edit(int(match[1]), int(match[2]), body, path=""))
    return edits


def _headed(lines: list[str]) -> list[LineEdit]:
    fences = {part.start: part for part in fenced_parts(lines)}
    inside = {at for part in fences.values() for at in range(part.start, part.stop)}
    edits: list[LineEdit] = []
    for at, line in enumerate(lines):
        match = None if at in inside else _HEADING.match(line)
        if match is None:
            continue
        verb = (match[1] or "").lower()
        first, last = int(match[3]), int(match[4] or match[3])
        if verb in ("delete", "remove"):
            edits.append(LineEdit(first=first, last=last, text=""))
            continue
        block = _block_after(lines, fences, at)
        if block is not None:
            if verb in ("insert", "add"):
                first += (match[2] or "").lower() == "after"
                last = first - 1
            edits.append(_edit(first, last, block.lines, path=path_in_info(block.info)))
    return edits


def _block_after(lines: list[str], fences: dict[int, Fenced], at: int) -> Fenced | None:
    """Return the fenced block after a line, with at most one blank line in between."""
    for start in (at + 1, at + 2):
        if start in fences:
            return fences[start]
        if start < len(lines) and lines[start].strip():
            return None
    return None


def _edit(first: int, last: int, body: Sequence[str], *, path: str) -> LineEdit:
    plain = without_numbers(body) if body else None
    kept = plain.lines if plain and plain.first == first else body
    return LineEdit(first=first, last=last, text=as_block(kept), path=path)


def _numbered(lines: list[str]) -> list[LineEdit]:
    """Read an answer that consists of numbered new lines only, such as `3: x = 1`."""
    parts = fenced_parts(lines)
    if len(parts) > 1 or (parts and line_before(lines, parts[0].start).startswith("<")):
        return []
    body = parts[0].lines if parts else lines
    filled = [line for line in body if line.strip()]
    numbers, plain = read_numbers(filled)
    rising = all(left < right for left, right in pairwise(numbers))
    if not numbers or len(numbers) != len(filled) or not rising:
        return []
    rows = list(zip(numbers, plain, strict=True))
    runs = groupby(enumerate(rows), key=lambda row: row[1][0] - row[0])
    return [_run([row for _, row in run]) for _, run in runs]


def _run(rows: Sequence[tuple[int, str]]) -> LineEdit:
    return LineEdit(first=rows[0][0], last=rows[-1][0], text=as_block([line for _, line in rows]))
