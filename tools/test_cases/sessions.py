"""Visible tests as interactive sessions with `>>>` prompts."""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from refinegraph.schema import AssertCase, VisibleTest
from refinegraph.tools.programs.python_source import parse_expression, parse_module
from refinegraph.tools.test_cases.asserts import as_call_case, call_case, is_literal

_PROMPT = re.compile(r"^[ \t]*>>>[ \t]?(.*)$")
_CONTINUATION = re.compile(r"^[ \t]*\.\.\.(?:[ \t](.*))?$")
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):.*^(\w[\w.]*)(?::|$)", re.S | re.M)
_ENDS = ('"""', "'''", "```")


class Example(NamedTuple):
    """One prompt and the output below it."""

    source: str
    shown: str
    """The output without indentation; empty if there is none."""


def read_session(text: str) -> Iterator[Example]:
    """Yield the examples of a session; the indentation may be uneven."""
    lines = text.split("\n")
    index = 0
    while index < len(lines):
        match = _PROMPT.match(lines[index])
        index += 1
        if match is None:
            continue
        source = [match[1]]
        while index < len(lines) and (more := _CONTINUATION.match(lines[index])):
            source.append(more[1] or "")
            index += 1
        shown: list[str] = []
        while index < len(lines) and _is_shown(lines[index]):
            shown.append(lines[index])
            index += 1
        yield Example("\n".join(source).strip(), "\n".join(line.strip() for line in shown))


def _is_shown(line: str) -> bool:
    stripped = line.strip()
    return bool(stripped) and not _PROMPT.match(line) and not stripped.startswith(_ENDS)


def session_tests(text: str, entry_point: str | None) -> Iterator[VisibleTest]:
    """Yield a test for every example whose outcome can be checked, skipping malformed ones.

    Assignments and imports become the set-up of the examples after them. An expression without
    output is expected to return None, as in the interpreter, provided that other examples of the
    session have output.
    """
    examples = list(read_session(text))
    shows = any(example.shown for example in examples)
    setup: list[str] = []
    for example in examples:
        expression = parse_expression(example.source)
        if expression is None:
            if not example.shown and parse_module(example.source) is not None:
                setup.append(example.source)
            continue
        test = _test_of(expression, example, entry_point, shows=shows)
        if test is not None:
            yield _with_setup(setup, test)


def _with_setup(setup: list[str], test: VisibleTest) -> VisibleTest:
    if not setup:
        return test
    if isinstance(test, AssertCase):
        return test.model_copy(update={"source": "\n".join([*setup, test.source])})
    return test


def _test_of(
    expression: ast.expr, example: Example, entry_point: str | None, *, shows: bool
) -> VisibleTest | None:
    if entry_point is not None and not _mentions(expression, entry_point):
        return None
    if not example.shown:
        return _without_output(expression, entry_point, shows=shows)
    raised = _TRACEBACK.match(example.shown)
    if raised is not None:
        return _raising(expression, raised[1].rpartition(".")[2])
    return _with_output(expression, example.shown, entry_point)


def _without_output(
    expression: ast.expr, entry_point: str | None, *, shows: bool
) -> VisibleTest | None:
    if isinstance(expression, ast.Compare):
        statement = ast.Assert(expression, None)
        return as_call_case(statement, entry_point) or _assert_case(ast.unparse(statement))
    if shows:
        return call_case(expression, ast.Constant(None), entry_point)
    return None


def _with_output(expression: ast.expr, shown: str, entry_point: str | None) -> VisibleTest | None:
    source = ast.unparse(expression)
    printed = _printed(expression)
    if printed is not None:
        return _assert_case(f"assert str({ast.unparse(printed)}) == {shown!r}")
    expected = parse_expression(shown)
    if expected is None or not is_literal(expected):
        return None
    case = call_case(expression, expected, entry_point)
    return case or _assert_case(f"assert {source} == {ast.unparse(expected)}")


def _printed(expression: ast.expr) -> ast.expr | None:
    match expression:
        case ast.Call(func=ast.Name(id="print"), args=[one], keywords=[]):
            return one
        case _:
            return None


def _raising(expression: ast.expr, exception: str) -> AssertCase:
    return _assert_case(
        f"try:\n    {ast.unparse(expression)}\nexcept {exception}:\n    pass\n"
        f"else:\n    raise AssertionError('expected {exception}')"
    )


def _assert_case(source: str) -> AssertCase:
    return AssertCase(id="t", source=source)


def _mentions(expression: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(expression))
