"""Tests that have to fail: copies of real ones with a false assertion at the end of their body.

A patch that makes every test pass, whatever the test says, makes these pass too. One that is right
lets the test run to the false assertion, whose words come back as the reason. Each has words of
its own that are drawn anew for every run.
"""

import ast
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Planted(NamedTuple):
    """A test file with canaries."""

    source: str
    words: Mapping[str, str]
    """What the failure of each test has to say, by its name in the file: `TestA::test_b`."""
    probe: str
    """What it says where a value is equal to everything."""


def plant(source: str, names: Sequence[str], *, trusted: str = "test") -> Planted:
    """Return a test file in which these tests fail at their end.

    Tests that are not written as functions of the file are left as they are. Values that the tests
    compare are compared with an unknown object too: one that is equal to it, though its class
    belongs to the program, fails the test. Line numbers stay, but for the added lines. Raises
    `SyntaxError` for a file that is not Python.

    >>> planted = plant("def test_a():\\n    assert f() == 2\\n", ["test_a"])
    >>> list(planted.words)
    ['test_a']
    """
    functions = dict(_functions(ast.parse(source)))
    probe, check = _word(), f"_{_word()}"
    edits: list[_Edit] = []
    words: dict[str, str] = {}
    text = _Text(source)
    for name in names:
        function = functions.get(name)
        if function is None or name in words:
            continue
        words[name] = _word()
        edits += _false_assertions(function, text, words[name])
        edits += _probes(function, text, check)
    if not words:
        return Planted(source, {}, probe)
    ending = "" if source.endswith("\n") else "\n"
    helper = _HELPER.format(check=check, probe=probe)
    return Planted(text.edited(edits) + ending + helper, words, probe)


_HELPER = """
def {check}(value):
    import sys
    kind = type(value)
    module = sys.modules.get(kind.__module__)
    file = str(getattr(module, "__file__", ""))
    foreign = "-packages" in file or "unittest" in file or "test" in file.rpartition("/")[2]
    if kind.__module__ != "builtins" and (foreign or not file):
        return value
    try:
        odd = (value == object()) is True
    except Exception:
        return value
    assert not odd, "{probe}"
    return value
"""


class _Edit(NamedTuple):
    """Bytes to insert at an offset; later ones at the same offset come first where they close."""

    offset: int
    order: int
    text: str


class _Text:
    """A source as bytes, addressed as syntax trees do."""

    def __init__(self, source: str) -> None:
        self.body = source.encode("utf-8", "surrogatepass")
        self.starts = [0]
        for line in self.body.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def offset(self, line: int, column: int) -> int:
        """Return where a place of a syntax tree is."""
        return self.starts[line - 1] + column

    def indent(self, line: int) -> str:
        """Return the blanks that a line begins with."""
        text = self.body[self.starts[line - 1] : self.starts[line]].decode("utf-8", "replace")
        return text[: len(text) - len(text.lstrip())]

    def edited(self, edits: Sequence[_Edit]) -> str:
        """Return the source with everything inserted."""
        body = self.body
        for edit in sorted(edits, reverse=True):
            body = body[: edit.offset] + edit.text.encode() + body[edit.offset :]
        return body.decode("utf-8", "surrogatepass")


def _word() -> str:
    """Return a word that occurs nowhere else and looks like data."""
    return "k" + secrets.token_hex(8)


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Yield the functions of a file and of its classes by the names that pytest gives them."""

    def within(body: Sequence[ast.stmt], prefix: str) -> Iterator[tuple[str, Function]]:
        for node in body:
            if isinstance(node, Function):
                yield prefix + node.name, node
            elif isinstance(node, ast.ClassDef):
                yield from within(node.body, f"{prefix}{node.name}::")
            elif isinstance(node, (ast.If, ast.Try, ast.With)):
                yield from within(node.body, prefix)

    yield from within(tree.body, "")


def _false_assertions(function: Function, text: _Text, word: str) -> Iterator[_Edit]:
    """Yield a false assertion for the end of a body and for every way out before."""
    statement = _false_assertion(function, text, word)
    last = function.body[-1]
    end = text.offset(last.end_lineno or last.lineno, last.end_col_offset or 0)
    if function.body[0].lineno == function.lineno:
        yield _Edit(end, 0, f"; {statement}")
    else:
        yield _Edit(end, 0, f"\n{text.indent(function.body[0].lineno)}{statement}")
    for node in _own_nodes(function):
        if isinstance(node, ast.Return):
            yield _Edit(text.offset(node.lineno, node.col_offset), 1, f"{statement}; ")


def _false_assertion(function: Function, text: _Text, word: str) -> str:
    """Return an assertion of the kind that the test itself makes."""
    start = text.offset(function.lineno, 0)
    end = text.offset(function.end_lineno or function.lineno, function.end_col_offset or 0)
    if b"self.assert" in text.body[start:end]:
        return f'self.assertEqual("{word}", "{_word()}", "{word}")'
    return f'assert "{word}" == "{_word()}", "{word}"'


def _probes(function: Function, text: _Text, check: str) -> Iterator[_Edit]:
    """Yield calls round the values that a test compares."""
    for node in _own_nodes(function):
        for value in _compared(node):
            start = text.offset(value.lineno, value.col_offset)
            end = text.offset(value.end_lineno or value.lineno, value.end_col_offset or 0)
            yield _Edit(start, 2, f"{check}((")
            yield _Edit(end, -1, "))")


def _compared(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the calls whose values an assertion compares for being equal."""
    values: list[ast.expr] = []
    match node:
        case ast.Assert(test=ast.Compare(left=left, ops=[ast.Eq()], comparators=[right])):
            values = [left, right]
        case ast.Call(func=ast.Attribute(attr="assertEqual"), args=[left, right, *_]):
            values = [left, right]
        case _:
            pass
    yield from (value for value in values if isinstance(value, ast.Call))


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, without those of functions and classes in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
