"""Canaries: copies of real tests with a false assertion at the end, which have to fail.

A patch that makes every test pass, whatever it asserts, makes the canaries pass too. With a correct
patch a canary runs to its false assertion and fails with a random word, which is drawn anew for
every canary and every run.
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
    """Words that the failures must contain, by the name of the test: `TestA::test_b`."""
    probe: str
    """The word that a failure contains if a value equals everything."""


def plant(source: str, names: Sequence[str], *, trusted: str = "test") -> Planted:
    """Return a test file in which the named tests fail at their end.

    Tests that are not functions or methods in the file are left unchanged. Values that the tests
    compare are also compared with an unknown object; if a value of one of the program's classes
    equals it, the test fails. Existing lines stay in order. Raises `SyntaxError` if the file is not
    valid Python.

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
    """A text to insert at a byte offset; `order` sorts insertions at the same offset."""

    offset: int
    order: int
    text: str


class _Text:
    """A source as bytes, addressed by the positions of syntax trees."""

    def __init__(self, source: str) -> None:
        self.body = source.encode("utf-8", "surrogatepass")
        self.starts = [0]
        for line in self.body.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def offset(self, line: int, column: int) -> int:
        """Return the byte offset of a position in a syntax tree."""
        return self.starts[line - 1] + column

    def indent(self, line: int) -> str:
        """Return the indentation of a line."""
        text = self.body[self.starts[line - 1] : self.starts[line]].decode("utf-8", "replace")
        return text[: len(text) - len(text.lstrip())]

    def edited(self, edits: Sequence[_Edit]) -> str:
        """Return the source with all insertions."""
        body = self.body
        for edit in sorted(edits, reverse=True):
            body = body[: edit.offset] + edit.text.encode() + body[edit.offset :]
        return body.decode("utf-8", "surrogatepass")


def _word() -> str:
    """Return a random word that looks like data."""
    return "k" + secrets.token_hex(8)


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Yield the functions and methods of a file with the names that pytest gives them."""

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
    """Yield false assertions for the end of a body and for every `return` before it."""
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
    """Return a false assertion in the style of the test."""
    start = text.offset(function.lineno, 0)
    end = text.offset(function.end_lineno or function.lineno, function.end_col_offset or 0)
    if b"self.assert" in text.body[start:end]:
        return f'self.assertEqual("{word}", "{_word()}", "{word}")'
    return f'assert "{word}" == "{_word()}", "{word}"'


def _probes(function: Function, text: _Text, check: str) -> Iterator[_Edit]:
    """Yield the calls to wrap around the values that a test compares."""
    for node in _own_nodes(function):
        for value in _compared(node):
            start = text.offset(value.lineno, value.col_offset)
            end = text.offset(value.end_lineno or value.lineno, value.end_col_offset or 0)
            yield _Edit(start, 2, f"{check}((")
            yield _Edit(end, -1, "))")


def _compared(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the calls whose values an assertion compares for equality."""
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
    """Yield the nodes of a function's body, without those of nested functions and classes."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
