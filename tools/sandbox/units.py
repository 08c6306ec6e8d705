"""Split assert-style tests into units that are run and reported separately."""

import ast
from collections.abc import Sequence

from refinegraph.errors import InputError
from refinegraph.support.syntax import parse_source


def test_units(tests: str | Sequence[str], *, entry_point: str | None) -> list[str]:
    """Return the source of every unit, each prefixed with the shared statements before it.

    A string is split at its top level: every assertion, every `def test_*` and HumanEval's
    `def check(candidate)` is a unit, and all other statements are shared. The elements of a
    sequence are the units.

    >>> test_units("x = 1\\nassert f(x) == 2\\nassert f(3) == 4", entry_point="f")
    ['x = 1\\nassert f(x) == 2', 'x = 1\\nassert f(3) == 4']
    """
    if not isinstance(tests, str):
        for test in tests:
            _parsed(test)
        return list(tests)
    shared: list[str] = []
    units: list[str] = []
    for statement in _parsed(tests).body:
        source = ast.get_source_segment(tests, statement) or ast.unparse(statement)
        call = _call_of(statement, entry_point)
        if isinstance(statement, ast.Assert):
            units.append("\n".join([*shared, source]))
        elif call:
            units.append("\n".join([*shared, source, call]))
        else:
            shared.append(source)
    return units or (["\n".join(shared)] if shared else [])


test_units.__test__ = False  # type: ignore[attr-defined]


def _call_of(statement: ast.stmt, entry_point: str | None) -> str | None:
    if not isinstance(statement, ast.FunctionDef):
        return None
    if statement.name == "check" and len(statement.args.args) == 1 and entry_point:
        return f"check({entry_point})"
    return f"{statement.name}()" if statement.name.startswith("test") else None


def _parsed(text: str) -> ast.Module:
    try:
        return parse_source(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        subject = f"line {line} of the tests does" if line else "the tests do"
        raise InputError(f"{subject} not parse: {getattr(error, 'msg', error)}.") from None
