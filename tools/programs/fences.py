"""Find the fenced blocks of a model's answer, even if their Markdown is malformed."""

import re
from typing import NamedTuple

from refinegraph.tools.programs.python_source import find_fault

PYTHON_TAGS = frozenset(
    {"", "py", "py3", "python", "python2", "python3", "ipython", "pycon", "python-repl", "pyi"}
)
"""Lower-case language tags of blocks that may contain Python, including a missing tag."""

_OPENING = re.compile(r"^([ \t]*(?:>[ \t]?)?)(`{3,}|~{3,})[ \t]*\{?\.?([\w+#.-]*)([^\n]*)$")
# These limits bound the work on degenerate answers; ordinary ones stay far below them.
_MAX_ENDS = 32
"""Closing fences that are tried for one block."""
_MAX_COMPILED = 60_000
"""Characters that are compiled to choose among them."""
_MAX_BLOCKS = 64


class Block(NamedTuple):
    """One fenced block."""

    tag: str
    """The language tag in lower case, or an empty string."""
    source: str
    closed: bool

    @property
    def may_be_python(self) -> bool:
        """Whether the tag is missing or names Python."""
        return self.tag in PYTHON_TAGS


class _Fence(NamedTuple):
    indent: str
    marks: str
    tag: str
    rest: str


def fenced_blocks(text: str) -> tuple[Block, ...]:
    r"""Return the fenced blocks in order; an unclosed fence extends to the end of the text.

    Backtick and tilde fences may be indented or quoted. A Python block that contains fence lines
    inside a string is kept whole. At most the last 64 blocks are returned.

    >>> fenced_blocks("Try:\n```python\nx = 1\n```\nor\n~~~\ny = 2")[0].source
    'x = 1'
    """
    lines = text.split("\n")
    nested = sum(_opening(line) is not None for line in lines) <= 2 * _MAX_BLOCKS
    blocks: list[Block] = []
    position = 0
    while position < len(lines):
        fence = _opening(lines[position])
        position += 1
        if fence is None:
            continue
        block, position = _read_block(fence, lines, position, nested=nested)
        blocks.append(block)
    return tuple(blocks[-_MAX_BLOCKS:])


def without_fence_lines(text: str) -> str:
    """Return the text without the lines that open or close a fence."""
    return "\n".join(line for line in text.split("\n") if _opening(line) is None)


def _opening(line: str) -> _Fence | None:
    if "```" not in line and "~~~" not in line:
        return None
    match = _OPENING.match(line)
    if match is None:
        return None
    indent, marks, tag, rest = match.groups()
    if marks[0] in rest:
        return None
    return _Fence(indent, marks, tag.lower(), rest.strip())


def _read_block(fence: _Fence, lines: list[str], start: int, *, nested: bool) -> tuple[Block, int]:
    ends = _possible_ends(fence, lines, start)
    chosen = ends[0]
    if nested and len(ends) > 1:
        chosen = _first_valid_end(fence, lines, start, ends) or chosen
    source = _unindent(fence, lines[start : chosen.line])
    return Block(fence.tag, source, chosen.closed), chosen.line + chosen.closed


class _End(NamedTuple):
    line: int
    closed: bool


def _first_valid_end(fence: _Fence, lines: list[str], start: int, ends: list[_End]) -> _End | None:
    """Return the first end that leaves a block which compiles, or None beyond the limit."""
    compiled = 0
    for end in ends:
        source = _unindent(fence, lines[start : end.line])
        compiled += len(source)
        if compiled > _MAX_COMPILED:
            return None
        if find_fault(source) is None:
            return end
    return None


def _possible_ends(fence: _Fence, lines: list[str], start: int) -> list[_End]:
    """Return where a block may end, in order: closing fences, or the opening of another block."""
    ends: list[_End] = []
    for index in range(start, len(lines)):
        other = _opening(lines[index])
        if other is None or other.marks[0] != fence.marks[0]:
            continue
        if len(other.marks) < len(fence.marks):
            continue
        opens = bool(other.tag or other.rest)
        if opens and ends and ends[-1].closed:
            break
        ends.append(_End(index, closed=not opens))
        if len(ends) == _MAX_ENDS:
            break
    return ends or [_End(len(lines), closed=False)]


def _unindent(fence: _Fence, lines: list[str]) -> str:
    width = len(fence.indent)
    if not width:
        return "\n".join(lines)
    return "\n".join(
        line[width:] if not line[:width].strip(" \t>") else line.lstrip() for line in lines
    )
