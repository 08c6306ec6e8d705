"""Split text into lines, normalise lines for comparison and adapt their indentation."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.tools.programs.python_source import ascii_punctuation

TAB = 4
"""Columns per tab if a model mixes tabs and spaces: models write four spaces themselves."""

_BLANKS = re.compile(r"\s+")


class Text(NamedTuple):
    """The lines of a text, and what is needed to join them again."""

    lines: list[str]
    ends_with_newline: bool
    line_end: str


def split_text(text: str) -> Text:
    r"""Split a text into lines without line ends.

    >>> split_text("a\r\nb\r\n")
    Text(lines=['a', 'b'], ends_with_newline=True, line_end='\r\n')
    """
    line_end = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    plain = text.replace("\r\n", "\n") if line_end == "\r\n" else text
    if not plain:
        return Text([], True, line_end)
    ends = plain.endswith("\n")
    return Text((plain[:-1] if ends else plain).split("\n"), ends, line_end)


def join_text(text: Text) -> str:
    """Join lines into the text that they were split from."""
    if not text.lines:
        return ""
    plain = "\n".join(text.lines) + ("\n" if text.ends_with_newline else "")
    return plain.replace("\n", text.line_end) if text.line_end != "\n" else plain


def block_lines(text: str) -> list[str]:
    r"""Return the lines of an edit's block; an empty block has none.

    >>> block_lines(""), block_lines("\n"), block_lines("a\n"), block_lines("a")
    ([], [''], ['a'], ['a'])
    """
    return text.removesuffix("\n").split("\n") if text else []


def as_block(lines: Sequence[str]) -> str:
    """Join lines into the block of an edit."""
    return "".join(f"{line}\n" for line in lines)


def indentation(line: str) -> str:
    """Return the whitespace at the start of a line."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def columns(line: str) -> int:
    """Return the columns by which a line is indented."""
    return len(indentation(line).expandtabs(TAB))


def loose_key(line: str) -> str:
    """Return a key of a line that ignores spacing and typographic quotes.

    >>> loose_key("\\tprint( “a” )")
    'print( "a" )'
    """
    return _BLANKS.sub(" ", ascii_punctuation(line)).strip()


def relative_keys(lines: Sequence[str]) -> list[str]:
    """Return the lines without trailing whitespace and without their common indentation."""
    widths = [columns(line) for line in lines if line.strip()]
    shared = min(widths, default=0)
    return [
        " " * (columns(line) - shared) + line.strip(" \t") if line.strip() else "" for line in lines
    ]


class Reindent:
    """Convert new lines from the indentation of an edit to that of the file.

    The conversion is learned from pairs of an edit's line and the matching line of the file. An
    unseen depth is derived from the nearest smaller one, or else from the nearest greater one.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._indents: dict[int, str] = {}
        for written, real in pairs:
            if written.strip() and real.strip():
                self._indents.setdefault(columns(written), indentation(real))

    def __call__(self, line: str) -> str:
        """Return the line with the file's indentation."""
        if not line.strip() or not self._indents:
            return line
        width = columns(line)
        return self._indent(width) + line.lstrip(" \t")

    def _indent(self, width: int) -> str:
        smaller = [depth for depth in self._indents if depth <= width]
        nearest = max(smaller) if smaller else min(self._indents)
        base, extra = self._indents[nearest], width - nearest
        if extra < 0:
            return " " * max(0, len(base.expandtabs(TAB)) + extra)
        if "\t" in base or (not base and self._uses_tabs):
            return base + "\t" * (extra // TAB) + " " * (extra % TAB)
        return base + " " * extra

    @property
    def _uses_tabs(self) -> bool:
        return any("\t" in indent for indent in self._indents.values())
