"""Keep both sides of asserted comparisons in variables, so that a failed test can show them."""

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache

from refinegraph.support.syntax import parse_source

_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_LONGEST_CACHED = 50_000
"""Characters of a test beyond which it is not kept in memory: a choice."""


def keep_sides(test: str) -> str:
    """Return a test that assigns both sides of every comparison before it asserts it.

    Every line keeps its number. A test that does not parse is returned as it is. The same tests run
    against many programs, so the results for the latest ones are cached.

    >>> keep_sides("assert f(2) == 4, 'no'")
    "__left__ = (f(2)); __right__ = (4); assert (__left__ == __right__), ('no')"
    """
    return _cached(test) if len(test) <= _LONGEST_CACHED else _rewritten(test)


def _rewritten(test: str) -> str:
    text = test.replace("\r\n", "\n").replace("\r", "\n")
    try:
        asserts = list(_comparing(parse_source(text).body))
        source = _Source(text)
        for node in reversed(asserts):
            source.replace(node)
        return source.text
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return test


_cached = lru_cache(maxsize=512)(_rewritten)  # several times the tests of problems run at once


def _comparing(statements: Sequence[ast.stmt]) -> Iterator[ast.Assert]:
    """Return all assertions of a single comparison, in the order of the source."""
    for statement in statements:
        if isinstance(statement, ast.Assert):
            if isinstance(statement.test, ast.Compare) and len(statement.test.ops) == 1:
                yield statement
        else:
            for block in _blocks(statement):
                yield from _comparing(block)


def _blocks(statement: ast.AST) -> Iterator[Sequence[ast.stmt]]:
    """Return the blocks of a compound statement in the order of the source."""
    yield getattr(statement, "body", ())
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield from _blocks(part)
    yield getattr(statement, "orelse", ())
    yield getattr(statement, "finalbody", ())


class _Source:
    """A source whose assertions are replaced from the last to the first."""

    def __init__(self, text: str) -> None:
        self._bytes = text.encode()  # the columns of nodes count bytes
        self._starts = [0]
        for line in self._bytes.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    @property
    def text(self) -> str:
        """The source as it is now."""
        return self._bytes.decode()

    def replace(self, node: ast.Assert) -> None:
        """Replace an assertion; line breaks between its parts stay between these parts."""
        assert isinstance(node.test, ast.Compare)
        begin, end = self._span(node)
        place, written = begin, b""
        for part, before, after in (
            (node.test.left, b"__left__ = (", b")"),
            (node.test.comparators[0], b"; __right__ = (", b")"),
        ):
            first, last = self._span(part)
            written += before + self._breaks(place, first) + self._bytes[first:last] + after
            place = last
        operator = _OPERATORS[type(node.test.ops[0])]
        written += f"; assert (__left__ {operator} __right__".encode()
        if node.msg is None:
            written += self._breaks(place, end) + b")"
        else:
            first, last = self._span(node.msg)
            written += self._breaks(place, first) + b"), (" + self._bytes[first:last]
            written += self._breaks(last, end) + b")"
        self._bytes = self._bytes[:begin] + written + self._bytes[end:]

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        begin = self._starts[node.lineno - 1] + node.col_offset
        return begin, self._starts[node.end_lineno - 1] + node.end_col_offset

    def _breaks(self, begin: int, end: int) -> bytes:
        return b"\n" * self._bytes.count(b"\n", begin, end)
