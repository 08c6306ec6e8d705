"""Assertions whose arguments cannot leave the process that they are built in.

`assert depth(Node(1)) == 1` passes an object, often of a class that the program itself defines.
Such a call is made in the program's own process, where the object is built. Only the result, plain
data, comes back and is compared outside; the expected value never enters the program's process.
"""

import ast
from collections.abc import Sequence
from typing import Any, NamedTuple

from refinegraph.tools.programs.definitions import bound_by, module_names
from refinegraph.tools.programs.python_source import parse_module
from refinegraph.tools.test_cases.asserts import is_literal

ENTRY_POINT = "refinegraph_case"
"""The function that `with_calls` adds: it takes the position of a call and returns its value."""

_Definition = ast.ClassDef | ast.FunctionDef | ast.Import | ast.ImportFrom
_Same = ast.Eq | ast.Is


class InsideCall(NamedTuple):
    """An expression to evaluate beside a program, and the value that it must have."""

    setup: tuple[ast.stmt, ...]
    expression: ast.expr
    expected: Any


def inside_call(source: str, entry_point: str | None) -> InsideCall | None:
    """Read a test whose last statement asserts that an expression has a plain value.

    `assert f(Node(1)) == 1`, `assert f(Node(1)).value is None`, `assert f(Node(1))` and
    `assert not f(Node(1))` are read; the last two only where the function under test is called
    directly. Anything else that compares inside the program's process could be forged there, so
    None is returned for it.

    >>> inside_call("root = Node(1)\\nassert depth(root) == 1", "depth").expected
    1
    """
    module = parse_module(source)
    last = module.body[-1] if module is not None and module.body else None
    if module is None or not isinstance(last, ast.Assert):
        return None
    setup = module.body[:-1]
    found = _value_of(last.test) or _truth_of(last.test, entry_point)
    return InsideCall(tuple(setup), *found) if found else None


def _value_of(test: ast.expr) -> tuple[ast.expr, Any] | None:
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    if not isinstance(test.ops[0], _Same):
        return None
    for expression, value in ((test.left, test.comparators[0]), (test.comparators[0], test.left)):
        if is_literal(value) and not is_literal(expression):
            return expression, ast.literal_eval(value)
    return None


def _truth_of(test: ast.expr, entry_point: str | None) -> tuple[ast.expr, Any] | None:
    negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    call = test.operand if isinstance(test, ast.UnaryOp) else test
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return None
    if entry_point is None or call.func.id != entry_point:
        return None
    truth = ast.Call(ast.Name("bool", ast.Load()), [call], [])
    return truth, not negated


def with_calls(program: str, calls: Sequence[InsideCall]) -> str:
    """Return the program with a function behind it that evaluates one of the calls.

    Definitions in the set-up of a call give way to those of the program, so that an object is of
    the class that the program knows.
    """
    module = parse_module(program)
    known = module_names(module) if module is not None else frozenset[str]()
    functions = [_function(number, call, known) for number, call in enumerate(calls)]
    names = ", ".join(_name(number) for number in range(len(calls)))
    chosen = f"def {ENTRY_POINT}(number):\n    return ({names},)[number]()\n"
    return "\n\n".join([program, *functions, chosen])


def _name(number: int) -> str:
    return f"{ENTRY_POINT}_{number}"


def _function(number: int, call: InsideCall, known: frozenset[str]) -> str:
    setup = [statement for statement in call.setup if not _is_known(statement, known)]
    function = ast.parse(f"def {_name(number)}():\n    pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = [*setup, ast.Return(call.expression)]
    return ast.unparse(ast.fix_missing_locations(function))


def _is_known(statement: ast.stmt, known: frozenset[str]) -> bool:
    return isinstance(statement, _Definition) and bound_by(statement) <= known
