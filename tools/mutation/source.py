"""Address and replace the parts of a Python file by position."""

import ast
from typing import NamedTuple

Positioned = ast.expr | ast.stmt | ast.arg | ast.keyword | ast.excepthandler


class Replacement(NamedTuple):
    """New text for a part of a file."""

    start: int
    """Offset in bytes."""
    end: int
    text: str
    share: float = 1.0
    """The part of the operator's prior that this alternative receives."""


class Source:
    """The text of a file, addressed by the positions of its syntax tree, which count bytes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode()
        self._starts = [0]
        for line in self.data.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a position; lines count from 1 and columns from 0."""
        return self._starts[line - 1] + column

    def start(self, node: Positioned) -> int:
        """Return where a node begins."""
        return self.offset(node.lineno, node.col_offset)

    def end(self, node: Positioned) -> int:
        """Return where a node ends."""
        return self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def of(self, node: Positioned) -> str:
        """Return the text of a node."""
        return self.data[self.start(node) : self.end(node)].decode()

    def between(self, start: int, end: int) -> str:
        """Return the text between two offsets."""
        return self.data[start:end].decode()

    def line_start(self, node: Positioned) -> int:
        """Return where the first line of a node begins."""
        return self.offset(node.lineno, 0)

    def line_end(self, node: Positioned) -> int:
        """Return where the line after a node begins."""
        return self._starts[min(node.end_lineno or node.lineno, len(self._starts) - 1)]

    def stands_alone(self, node: Positioned) -> bool:
        """Return whether a node shares its lines with nothing but whitespace and a comment."""
        before = self.between(self.line_start(node), self.start(node))
        after = self.between(self.end(node), self.line_end(node)).strip()
        return not before.strip() and (not after or after.startswith("#"))

    def indentation(self, node: Positioned) -> str:
        """Return the indentation of a node's first line."""
        line = self.between(self.line_start(node), self.line_end(node))
        return line[: len(line) - len(line.lstrip())]

    def replaced(self, change: Replacement) -> str:
        """Return the text of the file after one replacement."""
        return (self.data[: change.start] + change.text.encode() + self.data[change.end :]).decode()


def replace_node(source: Source, node: Positioned, text: str, share: float = 1.0) -> Replacement:
    """Return the replacement of a whole node."""
    return Replacement(source.start(node), source.end(node), text, share)
