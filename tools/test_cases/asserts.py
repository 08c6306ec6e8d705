"""Visible tests as Python: assert statements, `def test_*` functions and HumanEval's `check`."""

import ast
import re
from collections.abc import Iterator

from refinegraph.errors import InputError
from refinegraph.schema import AssertCase, CallCase, VisibleTest
from refinegraph.tools.programs.definitions import bound_by, first_line


class _Setup:
    """The statements before a test, which are prepended to it."""

    def __init__(self) -> None:
        self.sources: list[str] = []
        self.names: set[str] = set()
        self.only_definitions = True

    def add(self, source: str, statement: ast.stmt) -> None:
        plain = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
        if _is_constant_expression(statement):
            return
        self.sources.append(source)
        self.names |= bound_by(statement)
        self.only_definitions = self.only_definitions and isinstance(statement, plain)

    def copy(self) -> "_Setup":
        other = _Setup()
        other.sources, other.names = [*self.sources], {*self.names}
        other.only_definitions = self.only_definitions
        return other


def python_tests(source: str, module: ast.Module, entry_point: str | None) -> Iterator[VisibleTest]:
    """Yield the tests of a module together with the set-up before them."""
    setup = _Setup()
    lines = source.split("\n")
    for statement in module.body:
        text = "\n".join(lines[first_line(statement) - 1 : statement.end_lineno])
        tests = list(_tests_of(statement, text, setup, entry_point))
        yield from tests
        if not tests and not _is_runner(statement):
            setup.add(text, statement)


def _tests_of(
    statement: ast.stmt, source: str, setup: _Setup, entry_point: str | None
) -> Iterator[VisibleTest]:
    match statement:
        case ast.Assert():
            if not _is_trivial(statement):
                yield _assertion(statement, source, setup, entry_point)
        case ast.FunctionDef(name="check") if len(statement.args.args) == 1:
            yield from _check_function(statement, source, setup, entry_point)
        case ast.FunctionDef() | ast.AsyncFunctionDef() if statement.name.startswith("test"):
            yield _test_function(statement, source, setup)
        case ast.ClassDef() if _is_test_class(statement):
            raise InputError(
                f"The tests contain a test class, {statement.name!r} on line {statement.lineno}, "
                "which is not supported; write assert statements or functions named test_*."
            )
        case ast.For() | ast.While() | ast.If() | ast.With() | ast.Try():
            if _contains_assertion(statement) and not _is_runner(statement):
                yield _assert_case(setup, source)
        case _:
            return


def _assert_case(setup: _Setup, *sources: str) -> AssertCase:
    return AssertCase(id="t", source="\n".join((*setup.sources, *sources)))


def _test_function(
    function: ast.FunctionDef | ast.AsyncFunctionDef, source: str, setup: _Setup
) -> AssertCase:
    arguments = function.args
    required = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    if required or any(default is None for default in arguments.kw_defaults):
        raise InputError(
            f"The test {function.name!r} on line {function.lineno} takes arguments; fixtures and "
            "parameters are not supported, so write a function without them."
        )
    call = f"{function.name}()"
    if isinstance(function, ast.AsyncFunctionDef):
        call = f"__import__('asyncio').run({call})"
    return _assert_case(setup, source, call)


def _check_function(
    function: ast.FunctionDef, source: str, setup: _Setup, entry_point: str | None
) -> Iterator[VisibleTest]:
    candidate = function.args.args[0].arg
    if entry_point is None:
        raise InputError(
            f"The tests define check({candidate}) on line {function.lineno}, which needs the name "
            "of the function that it checks; set the problem's entry_point."
        )
    if not _splits_safely(function, candidate):
        yield _assert_case(setup, source, f"check({entry_point})")
        return
    setup = setup.copy()
    for statement in map(_Renamed(candidate, entry_point).visit, function.body):
        text = ast.unparse(ast.fix_missing_locations(statement))
        if not isinstance(statement, ast.Assert):
            setup.add(text, statement)
        elif not _is_trivial(statement):
            yield _assertion(statement, text, setup, entry_point)


def _splits_safely(function: ast.FunctionDef, candidate: str) -> bool:
    simple = (ast.Assert, ast.Assign, ast.Import, ast.ImportFrom, ast.Expr, ast.Pass)
    return all(isinstance(node, simple) for node in function.body) and not any(
        candidate in bound_by(node) for node in function.body
    )


class _Renamed(ast.NodeTransformer):
    def __init__(self, old: str, new: str) -> None:
        self._old, self._new = old, new

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._new, node.ctx) if node.id == self._old else node


def _assertion(
    statement: ast.Assert, source: str, setup: _Setup, entry_point: str | None
) -> VisibleTest:
    case = as_call_case(statement, entry_point) if setup.only_definitions else None
    if case is not None and case.entry_point not in setup.names:
        return case
    return _assert_case(setup, source)


def as_call_case(statement: ast.Assert, entry_point: str | None) -> CallCase | None:
    """Return an assertion as a call with literal arguments and a literal result, or None.

    `f(1) == 2`, `2 == f(1)` and `f(1) is None` qualify. Keyword arguments, computed values and bare
    truth (`assert f(1)`, which any true value satisfies) do not.
    """
    test = statement.test
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    left, operator, right = test.left, test.ops[0], test.comparators[0]
    if isinstance(operator, ast.Is):
        if not (isinstance(right, ast.Constant) and right.value in (None, True, False)):
            return None
    elif not isinstance(operator, ast.Eq):
        return None
    return call_case(left, right, entry_point) or call_case(right, left, entry_point)


def call_case(call: ast.expr, expected: ast.expr, entry_point: str | None) -> CallCase | None:
    """Return a call and its expected value as a case if both consist of literals, or None."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.keywords:
        return None
    if entry_point is not None and call.func.id != entry_point:
        return None
    arguments = literal_source(ast.Tuple(call.args, ast.Load()))
    result = literal_source(expected) if arguments is not None else None
    if arguments is None or result is None:
        return None
    return CallCase(id="t", entry_point=call.func.id, arguments=arguments, expected=result)


def is_literal(node: ast.expr) -> bool:
    """Return whether `ast.literal_eval` accepts the expression and its written form."""
    return literal_source(node) is not None


def literal_source(node: ast.expr) -> str | None:
    """Return the source of an expression that `ast.literal_eval` accepts, or None."""
    try:
        value = ast.literal_eval(node)
        source = repr(value)
        if _UNSTABLE_REPR.search(source):
            source = ast.unparse(node)
            ast.literal_eval(source)
        ast.parse(source, mode="eval")
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return source


_UNSTABLE_REPR = re.compile(r"[{]|inf|nan")
"""Signs of values whose `repr` differs from their source: sets, whose order may change, and floats
that are not finite. For other values `repr` equals `ast.unparse` and is twenty times as fast."""


def _is_trivial(statement: ast.Assert) -> bool:
    return is_literal(statement.test)


def _is_constant_expression(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_test_class(statement: ast.ClassDef) -> bool:
    return any(
        isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.name.startswith("test")
        for inner in statement.body
    )


def _contains_assertion(statement: ast.stmt) -> bool:
    return any(isinstance(inner, ast.Assert) for inner in ast.walk(statement))


def _is_runner(statement: ast.stmt) -> bool:
    """Return whether a statement only starts the tests: `check(add)`, or `if __name__ == …`."""
    if isinstance(statement, ast.If):
        return any(
            isinstance(node, ast.Name) and node.id == "__name__"
            for node in ast.walk(statement.test)
        )
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        called = statement.value.func
        return isinstance(called, ast.Name) and (
            called.id == "check" or called.id.startswith("test")
        )
    return isinstance(statement, ast.Assert)
