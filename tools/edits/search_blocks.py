"""Read search and replace blocks: those of aider, Cline and others, and common variants."""

import itertools
import re
from typing import NamedTuple

from refinegraph.tools.edits.fences import fenced_parts, is_fence, line_before
from refinegraph.tools.edits.lines import as_block
from refinegraph.tools.edits.paths import path_in_info, read_path
from refinegraph.tools.edits.types import Edit, RejectedEdit, Replacement

_OLD = r"(?:SEARCH|ORIGINAL|HEAD|OLD|BEFORE|FIND)"
_NEW = r"(?:REPLACE|UPDATED|NEW|AFTER|END|HEAD|SEARCH|REPLACEMENT)"
_OPEN = re.compile(rf"^\s*(?:<{{4,10}}\s*{_OLD}?|-{{4,10}}\s*{_OLD})\b:?\s*(\S*?)>?\s*$", re.I)
_BARE_OPEN = re.compile(r"^\s*<{5,10}\s*$")
_DIVIDER = re.compile(rf"^\s*={{5,10}}\s*(?:{_NEW})?\s*$", re.IGNORECASE)
_CLOSE = re.compile(rf"^\s*(?:>{{4,10}}\s*{_NEW}?|\+{{4,10}}\s*{_NEW})\b.*$", re.IGNORECASE)
_BARE_CLOSE = re.compile(r"^\s*>{5,10}\s*$")

_TAGS_OLD = "search|old|old_str|old_string|original|find|before"
_TAGS_NEW = "replace|new|new_str|new_string|updated|replacement|after"
_TAGGED = re.compile(
    rf"<({_TAGS_OLD})>\n?(.*?)\n?[ \t]*</\1>\s*<({_TAGS_NEW})>\n?(.*?)\n?[ \t]*</\3>",
    re.DOTALL | re.IGNORECASE,
)
_OLD_LABEL = re.compile(
    r"^\W*(?:search(?:\s+for)?|find|old(?:\s+(?:code|lines?))?|original(?:\s+(?:code|lines?))?|before"
    r"|replace(?:\s+(?:this|the\s+lines?))?|change(?:\s+from)?|from)\W*$",
    re.IGNORECASE,
)
_NEW_LABEL = re.compile(
    r"^\W*(?:replace(?:\s+(?:it\s+)?(?:with|by))?|new(?:\s+(?:code|lines?))?|updated(?:\s+code)?"
    r"|after|with|by|to|replacement)\W*$",
    re.IGNORECASE,
)
FORM = (
    "<<<<<<< SEARCH\nthe lines as they are\n=======\nthe lines as they should be\n>>>>>>> REPLACE"
)


def has_markers(text: str) -> bool:
    """Return whether an answer contains the start of a search and replace block."""
    return any(_is_open(line) for line in text.split("\n"))


def read_marked(text: str) -> list[Edit] | RejectedEdit:
    """Return the blocks between `<<<<<<< SEARCH`, `=======` and `>>>>>>> REPLACE`."""
    lines = text.split("\n")
    edits: list[Edit] = []
    at, path = 0, ""
    while at < len(lines):
        if not _is_open(lines[at]):
            at += 1
            continue
        path = _path_of(lines, at) or path
        block = _read_block(lines, at)
        if block.divider is None:
            reason = f"Edit {len(edits) + 1} has no line `=======`; its form is\n{FORM}"
            return RejectedEdit(kind="malformed", reason=reason, edit=len(edits))
        edits.append(_replacement(lines, at, block, path))
        at = block.stop
    return edits


class _Block(NamedTuple):
    divider: int | None
    end: int
    """Index after the last line of the replacement."""
    stop: int
    """Index at which reading continues."""
    closed: bool


def _read_block(lines: list[str], start: int) -> _Block:
    divider: int | None = None
    fenced = _is_fenced(lines, start)
    for at in range(start + 1, len(lines)):
        line = lines[at]
        if divider is None and _DIVIDER.match(line):
            divider = at
        elif _is_close(line):
            return _Block(divider, at, at + 1, closed=True)
        elif _is_open(line):
            return _Block(divider, at, at, closed=True)
        elif fenced and divider is not None and _ends_fence(lines, divider, at):
            return _Block(divider, at, at + 1, closed=True)
    end = len(lines)
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    return _Block(divider, end, len(lines), closed=False)


def _is_fenced(lines: list[str], start: int) -> bool:
    """Return whether a block begins right after a fence, or after a fence and a path."""
    before = lines[max(0, start - 2) : start][::-1]
    if len(before) == 2 and not is_fence(before[0]) and read_path(before[0]):
        return is_fence(before[1])
    return bool(before) and is_fence(before[0])


def _ends_fence(lines: list[str], divider: int, at: int) -> bool:
    """Return whether a fence line closes the fence around the block rather than an inner one."""
    if not is_fence(lines[at]) or lines[at].strip(" `~"):
        return False
    inside = sum(is_fence(line) for line in lines[divider + 1 : at])
    later = any(_is_close(line) for line in _until_open(lines, at + 1))
    return inside % 2 == 0 and not later


def _until_open(lines: list[str], start: int) -> list[str]:
    stop = next((at for at in range(start, len(lines)) if _is_open(lines[at])), len(lines))
    return lines[start:stop]


def _replacement(lines: list[str], start: int, block: _Block, path: str) -> Replacement:
    assert block.divider is not None
    search = lines[start + 1 : block.divider]
    replace = lines[block.divider + 1 : block.end]
    inner = read_path(search[0]) if search else ""
    if inner and inner == path and replace and read_path(replace[0]) == path:
        search, replace = search[1:], replace[1:]
    return Replacement(
        search=as_block(search), replace=as_block(replace), path=path, closed=block.closed
    )


def _is_open(line: str) -> bool:
    return _OPEN.match(line) is not None or _BARE_OPEN.match(line) is not None


def _is_close(line: str) -> bool:
    return _CLOSE.match(line) is not None or _BARE_CLOSE.match(line) is not None


def _path_of(lines: list[str], at: int) -> str:
    """Return the path after the marker, or on one of the three lines before it."""
    marker = _OPEN.match(lines[at])
    if marker and (path := read_path(marker[1])):
        return path
    for line in reversed(lines[max(0, at - 3) : at]):
        if is_fence(line):
            path = path_in_info(line.strip(" `~"))
        elif line.strip():
            return read_path(line)
        else:
            path = ""
        if path:
            return path
    return ""


def read_tagged(text: str) -> list[Edit]:
    """Return the edits written as `<search>…</search><replace>…</replace>`."""
    edits: list[Edit] = []
    for match in _TAGGED.finditer(text):
        path = read_path(line_before(text[: match.start()].split("\n"), 10**9))
        search, replace = (f"{side}\n" if side else "" for side in (match[2], match[4]))
        edits.append(Replacement(search=search, replace=replace, path=path))
    return edits


def read_labelled(text: str) -> list[Edit]:
    """Return the edits written as two fenced blocks under headings such as Search and Replace."""
    lines = text.split("\n")
    parts = fenced_parts(lines)
    edits: list[Edit] = []
    for old, new in itertools.pairwise(parts):
        label = line_before(lines, old.start)
        between = line_before(lines[old.stop :], new.start - old.stop)
        if _OLD_LABEL.match(label) and _NEW_LABEL.match(between):
            path = path_in_info(old.info)
            search, replace = as_block(old.lines), as_block(new.lines)
            edits.append(Replacement(search=search, replace=replace, path=path, closed=new.closed))
    return edits
