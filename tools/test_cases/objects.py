"""Check assertions whose arguments cannot be serialised.

`assert depth(Node(1)) == 1` passes an object, often of a class that the program itself defines.
Such a call is made in the program's own process, where the object is created. Only the result,
which is plain data, is returned and compared outside; the expected value never enters the
program's process.
"""

import ast
from collections.abc import Sequence
from typing import Any, NamedTuple

from refinegraph.tools.programs.definitions import bound_by, module_names
from refinegraph.tools.programs.python_source import parse_module
from refinegraph.tools.test_cases.asserts import is_literal

ENTRY_POINT = "refinegraph_case"
"""The function that `with_calls` adds; it takes the index of a call and returns its value."""

_Definition = ast.ClassDef | ast.FunctionDef | ast.Import | ast.ImportFrom
_Same = ast.Eq | ast.Is


class InsideCall(NamedTuple):
    """An expression to evaluate in a program's process, and its expected value."""

    setup: tuple[ast.stmt, ...]
    expression: ast.expr
    expected: Any


def inside_call(source: str, entry_point: str | None) -> InsideCall | None:
    """Read a test whose last statement asserts that an expression has a plain value.

    Supported are `assert f(Node(1)) == 1`, `assert f(Node(1)).value is None`, and, if the function
    under test is called directly, `assert f(Node(1))` and `assert not f(Node(1))`. Any other
    comparison would have to run in the program's process, where it could be forged, so the result
    is None.

    >>> inside_call("root = Node(1)\\nassert depth(root) == 1", "depth").expected
    1
    """
    module = parse_module(source)
    last = module.body[-1] if module is not None and module.body else None
    if module is None or not isinstance(last, ast.Assert):
        return None
    setup = module.body[:-1]
    parts = _value_of(last.test) or _truth_of(last.test, entry_point)
    return InsideCall(tuple(setup), *parts) if parts else None


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
    """Append to a program a function that evaluates one of the calls.

    The program's definitions take precedence over those in the set-up of a call, so that an object
    has the class that the program expects.
    """
    module = parse_module(program)
    defined = module_names(module) if module is not None else frozenset[str]()
    functions = [_function(number, call, defined) for number, call in enumerate(calls)]
    names = ", ".join(_name(number) for number in range(len(calls)))
    dispatcher = f"def {ENTRY_POINT}(number):\n    return ({names},)[number]()\n"
    return "\n\n".join([program, *functions, dispatcher])


def _name(number: int) -> str:
    return f"{ENTRY_POINT}_{number}"


def _function(number: int, call: InsideCall, defined: frozenset[str]) -> str:
    setup = [statement for statement in call.setup if not _is_redefinition(statement, defined)]
    function = ast.parse(f"def {_name(number)}():\n    pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = [*setup, ast.Return(call.expression)]
    return ast.unparse(ast.fix_missing_locations(function))


def _is_redefinition(statement: ast.stmt, defined: frozenset[str]) -> bool:
    return isinstance(statement, _Definition) and bound_by(statement) <= defined
