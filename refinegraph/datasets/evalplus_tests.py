"""Write the hidden tests of EvalPlus as assertions that need only the standard library.

EvalPlus publishes its tests in two forms: as inputs with a reference solution (its own releases),
and as a test program that needs numpy to compare floats (`evalplus/humanevalplus` and
`evalplus/mbppplus` on the Hugging Face hub, written by its `tools/*/to_original_fmt.py`). Results
are compared as in its `evalplus/eval/__init__.py`, including those of the few functions with
several correct results.
"""

import ast
import re
from collections.abc import Sequence

from refinegraph.datasets.argument_types import Plain
from refinegraph.tools.programs.definitions import module_names
from refinegraph.tools.programs.python_source import parse_module

_COMPARISON = """\
def _are_floats(value):
    if isinstance(value, (list, tuple)):
        return all(isinstance(part, float) for part in value)
    return isinstance(value, float)


def _are_close(got, wanted, tolerance):
    if isinstance(got, (list, tuple)) and isinstance(wanted, (list, tuple)):
        pairs = zip(got, wanted)
        return len(got) == len(wanted) and all(_are_close(*pair, tolerance) for pair in pairs)
    if got == wanted or (got != got and wanted != wanted):
        return True
    numbers = (int, float, complex)
    if not isinstance(got, numbers) or not isinstance(wanted, numbers):
        return False
    apart = abs(got - wanted)
    return apart != float("inf") and apart <= tolerance + 1e-7 * abs(wanted)


def assertion(got, wanted, tolerance=0):
    if tolerance == 0 and _are_floats(wanted):
        tolerance = 1e-6
    same = got == wanted or (tolerance and _are_close(got, wanted, tolerance))
    assert same, f"{got!r:.300} instead of {wanted!r:.300}"
"""
_DIFFERENTIAL = """\
from copy import deepcopy
from math import inf, nan


{comparison}

def _load_reference():
    namespace = {{}}
    exec({reference!r}, namespace)
    return namespace[{entry_point!r}]


def test_like_the_reference():
    reference = _load_reference()
    for arguments in {inputs}:
        wanted = reference(*deepcopy(arguments))
        got = {entry_point}(*deepcopy(arguments))
        {check}
"""
_EQUAL = "assertion(got, wanted, {tolerance!r})"
_ANY_ROOT = "assert abs(poly(*arguments, got)) <= {tolerance!r}, got"
_AS_SETS = "assert set(got) == set(wanted), got"
_WHETHER_FOUND = "assert (got if isinstance(got, bool) else got is not None) == bool(wanted), got"
_CHECKS = {
    "find_zero": _ANY_ROOT,
    **dict.fromkeys(("similar_elements", "find_char_long", "common_in_nested_lists"), _AS_SETS),
    **dict.fromkeys(("extract_singly", "larg_nnum", "intersection_array"), _AS_SETS),
    **dict.fromkeys(("find_dissimilar", "Diff"), _AS_SETS),
    **dict.fromkeys(("check_str", "text_match_three", "text_starta_endb"), _WHETHER_FOUND),
}
"""Functions of EvalPlus with several correct results: any root of a polynomial (`poly` is defined
in the problem's preamble), any order, and whether there was a match."""
_LOOP = re.compile(
    r"for i, \(inp, exp\) in enumerate\(zip\(inputs, results\)\):\s+"
    r"assertion\(\w+\(\*inp\), exp, 0\)"
)
_Definition = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
_HELPERS = frozenset({"is_floats", "assertion"})


def differential_tests(
    *,
    entry_point: str,
    reference: str,
    inputs: Sequence[Sequence[Plain]],
    tolerance: float = 0.0,
) -> str:
    """Return tests that compare a program with a reference solution on the inputs.

    The reference runs together with the tests, so its results are known only in the sandbox. Floats
    may differ by the tolerance, or by 1e-6 if it is 0.
    """
    check = _CHECKS.get(entry_point, _EQUAL).format(tolerance=tolerance)
    return _DIFFERENTIAL.format(
        comparison=_COMPARISON,
        reference=reference,
        entry_point=entry_point,
        inputs=repr(list(inputs)),
        check=check,
    )


def portable_tests(source: str, *, entry_point: str) -> str:
    """Rewrite a test program of EvalPlus so that it does not need numpy.

    A program that only compares results for equality becomes a list of assertions, so that every
    failure shows its arguments and result. Source that is not a test program of EvalPlus is
    returned unchanged.
    """
    module = parse_module(source)
    if module is None or not module_names(module) >= _HELPERS:
        return source
    return _as_assertions(module, entry_point) or _without_numpy(module, entry_point)


def _as_assertions(module: ast.Module, entry_point: str) -> str | None:
    body = _test_body(module)
    loops = [statement for statement in body if isinstance(statement, ast.For)]
    if len(loops) != 1 or not _LOOP.fullmatch(ast.unparse(loops[0])):
        return None
    inputs, results = (_literal(body, name) for name in ("inputs", "results"))
    if inputs is None or results is None or any(map(_contains_float, results)):
        return None
    return "\n".join(
        f"assert {entry_point}({', '.join(map(repr, arguments))}) == {result!r}"
        for arguments, result in zip(inputs, results, strict=False)
        if isinstance(arguments, list | tuple)
    )


def _test_body(module: ast.Module) -> list[ast.stmt]:
    """Return the body of `check` if it is defined, or else of the module."""
    for statement in module.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "check":
            return statement.body
    return module.body


def _literal(body: list[ast.stmt], name: str) -> list[Plain] | None:
    for statement in body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            try:
                value: Plain = ast.literal_eval(statement.value)
            except (ValueError, TypeError, MemoryError, RecursionError):
                return None
            return value if isinstance(value, list) else None
    return None


def _contains_float(value: Plain) -> bool:
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(_contains_float, value))
    if isinstance(value, dict):
        return any(map(_contains_float, (*value.keys(), *value.values())))
    return isinstance(value, float | complex)


def _without_numpy(module: ast.Module, entry_point: str) -> str:
    kept = [statement for statement in module.body if not _is_replaced(statement)]
    nodes = [node for statement in kept for node in ast.walk(statement)]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    if used & {"np", "numpy"}:
        kept = [statement for statement in module.body if _is_numpy(statement)] + kept
    definitions = [statement for statement in kept if isinstance(statement, _Definition)]
    steps = [statement for statement in kept if not isinstance(statement, _Definition)]
    source = [_COMPARISON, *map(ast.unparse, definitions)]
    if steps:
        source.append(_as_test(steps, entry_point, aliased="candidate" in used))
    return "\n\n".join(source) + "\n"


def _as_test(steps: list[ast.stmt], entry_point: str, *, aliased: bool) -> str:
    alias = f"candidate = {entry_point}" if aliased else "pass"
    test = ast.parse(f"def test_program():\n    {alias}").body[0]
    assert isinstance(test, ast.FunctionDef)
    test.body += steps
    return ast.unparse(ast.fix_missing_locations(test))


def _is_replaced(statement: ast.stmt) -> bool:
    helper = isinstance(statement, ast.FunctionDef) and statement.name in _HELPERS
    return helper or _is_numpy(statement)


def _is_numpy(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import) and statement.names[0].name == "numpy"
