"""Tests that only compare calls with literals give the same verdict with and without a process."""

import ast
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.schema import Verdict
from refinegraph.tools import Sandbox, SandboxPolicy
from refinegraph.tools.sandbox.conformance import CASES, run_conformance
from refinegraph.tools.sandbox.direct import direct_tests
from refinegraph.tools.sandbox.sides import keep_sides
from refinegraph.tools.sandbox.units import test_units as units_of

CHECK = """
METADATA = {'author': 'x'}


def check(candidate):
    assert candidate(1) == 1, "one"
    assert candidate(2) == 4
    assert abs(candidate(3) - 9.0) < 1e-6
    assert candidate(4) is not None
    assert not candidate(0)
    assert True, "This prints if this assert fails"
"""
TESTS = {
    "a check function": units_of(CHECK, entry_point="f"),
    "one call each": [
        "assert f(1) == 1",
        "assert f(2) == 4",
        "assert f(3) == 9",
        "assert f(0) < 1",
    ],
    "keywords": ["assert f(x=2) == 4", "assert f(2, y=1) in (4, 5)"],
    "several calls": ["assert f(1) == f(1)\nassert f(2) != f(1)\nassert f(3) > f(2)"],
    "a test function": units_of(
        "def test_f():\n    assert f(2) == 4\n    assert f(3)", entry_point="f"
    ),
    "a message": ["assert f(5) == 24, 'five'", "assert f(6) == 36"],
    "no call": ["assert 1", "assert f(7) == 49"],
    "types": ["assert f(2) < 'x'", "assert f([1]) == [1]", "assert f(2.0) == 3 * 2 - 2"],
}
PROGRAMS = {
    "right": "def f(x, y=0): return x * x",
    "wrong": "def f(x, y=0):\n    print(x)\n    return x + 1 if x == 2 else x * x",
    "raises": "def f(x, y=0):\n    if x == 2: raise KeyError('two')\n    return x * x",
    "fails an assertion of its own": "def f(x, y=0):\n    assert x != 2, 'mine'\n    return x * x",
    "counts its calls": "n = 0\ndef f(x, y=0):\n    global n\n    n += 1\n    return n * x",
    "ends the process": "import os\ndef f(x, y=0): os._exit(3) if x == 2 else None",
    "exits": "import sys\ndef f(x, y=0): sys.exit(0)",
    "ends an iteration": "def f(x, y=0): raise StopIteration(x)",
    "returns an object": "def f(x, y=0): return object()",
    "returns what equals everything": (
        "class E(int):\n    def __eq__(self, other): return True\ndef f(x, y=0): return E(1)"
    ),
    "defines a class": "class f:\n    def __init__(self, x, y=0): pass",
    "defines data": "f = 5",
    "defines nothing": "g = 5",
    "does not load": "def f(x:",
    "hangs": "def f(x, y=0):\n    while x == 2: pass\n    return x * x",
}
POLICY = SandboxPolicy(wall_seconds=5, call_seconds=0.3)


def seen(verdict: Verdict) -> str:
    """Return everything of a verdict but the times, and the lines of tests."""
    outcomes = [outcome.model_dump(exclude={"seconds"}) for outcome in verdict.tests]
    whole = (verdict.model_dump(exclude={"seconds", "tests", "isolation"}), outcomes)
    return re.sub(r"line \d+", "line", str(whole))


@pytest.mark.parametrize("tests", TESTS.values(), ids=TESTS)
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
async def test_a_direct_test_has_the_verdict_of_a_test_process(
    program: str, tests: list[str]
) -> None:
    elsewhere = [f"import sys\n{test}" for test in tests]
    assert direct_tests(tests, preamble="", entry_point="f") is not None
    assert direct_tests(elsewhere, preamble="", entry_point="f") is None
    sandbox = Sandbox(policy=POLICY)
    direct = await sandbox.test(program, tests, entry_point="f")
    assert seen(direct) == seen(await sandbox.test(program, elsewhere, entry_point="f"))


class InTestProcess(Sandbox):
    """A sandbox that runs every test in a process of its own."""

    async def test(
        self,
        source: str,
        tests: str | Sequence[str],
        *,
        ids: Sequence[str] | None = None,
        preamble: str = "",
        entry_point: str | None = None,
    ) -> Verdict:
        some = (
            f"import sys\n{tests}"
            if isinstance(tests, str)
            else [f"import sys\n{test}" for test in tests]
        )
        return await super().test(source, some, ids=ids, preamble=preamble, entry_point=entry_point)


async def test_hostile_programs_are_stopped_in_front_of_a_test_process_too() -> None:
    cases = [case for case in CASES if case.how == "test" and case.quick]
    report = await run_conformance(InTestProcess, cases, concurrency=4)
    assert len(cases) > 30
    assert report.ok, report


@pytest.mark.parametrize(
    "test",
    [
        "assert g(f(2)) == 3 and f(1)",
        "assert f(f(2)) == 4",
        "x = f(2)\nassert x == 4",
        "for x in range(3): assert f(x) == x",
        "assert len(f(2)) == 4",
        "import sys\nassert f(2) == 4",
        "import math as f\nassert f(2) == 4",
        "f = 3\nassert f(2) == 4",
        "abs = 3\nassert abs(f(2) - 4) < 1",
        "def f(x): return 4\nassert f(2) == 4",
        "def check(candidate=f(2)):\n    assert candidate(2) == 4\ncheck(f)",
        "@f\ndef check(candidate):\n    assert candidate(2) == 4\ncheck(f)",
        "def check(candidate) -> f(2):\n    assert candidate(2) == 4\ncheck(f)",
        "def check(candidate):\n    candidate = 3\n    assert candidate(2) == 4\ncheck(f)",
        "assert f(2) == 4, f(3)",
        "assert f(2) == 10 ** 10 ** 10",
        "assert f(2) == 'x' * 10000000000",
        "assert f(2) is 4",
        "assert f(*[2]) == 4",
        "assert f(**{'x': 2}) == 4",
        "assert f(...) == 4",
        "assert 1 < f(2) < 9",
        "assert f.x == 4",
        "assert 0",
        "f(2)",
        "assert (",
    ],
)
def test_anything_else_needs_a_process(test: str) -> None:
    assert direct_tests([test], preamble="", entry_point="f") is None


@pytest.mark.parametrize(
    ("test", "preamble", "entry_point", "is_direct"),
    [
        ("assert g(2) == 4", "", "f", True),
        ("assert g(2) == 4", "", None, True),
        ("assert g(2) == 4", "def g(x): return 4", "f", False),
        ("assert f(2) == 4", "def f(x): return 4", "f", True),
        ("assert sum([2]) == 2", "", None, False),
        ("assert sum([2]) == 2", "", "sum", True),
        ("assert abs(-2) == 2", "", "abs", False),
        ("def check(g):\n    assert g(2) == 4\ncheck(f)", "import math", "f", True),
        ("def check(g):\n    assert g(2) == 4\ncheck(f)\nassert g(2)", "import math", "f", False),
        ("assert abs(f(2) - 4) < 1", "", "abs", False),
        ("assert abs(f(2) - 4) < 1", "import math", "f", True),
        ("assert abs(f(2) - 4) < 1", "from math import fabs as abs", "f", False),
        ("assert abs(f(2) - 4) < 1", "from numpy import *", "f", False),
    ],
)
def test_whose_a_name_is_decides(
    test: str, preamble: str, entry_point: str | None, is_direct: bool
) -> None:
    found = direct_tests([test], preamble=preamble, entry_point=entry_point)
    assert (found is not None) == is_direct


class Sides(ast.NodeTransformer):
    """The same on the tree, where it is easy to see that it is right."""

    def visit_Assert(self, node: ast.Assert) -> Any:
        test = node.test
        if not (isinstance(test, ast.Compare) and len(test.ops) == 1):
            return node
        sides = {"__left__": test.left, "__right__": test.comparators[0]}
        kept = [
            ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=side)
            for name, side in sides.items()
        ]
        left, right = (ast.Name(id=name, ctx=ast.Load()) for name in sides)
        compare = ast.Compare(left=left, ops=test.ops, comparators=[right])
        return [*kept, ast.Assert(test=compare, msg=node.msg)]


SIDE = st.sampled_from(
    (
        *("f(2)", "(1, 2)", "lambda: 3", "(yield)", "[x for x in y]", "f'{a!r:>{w}}'", "'ä' 'ö'"),
        *('"""two\nlines"""', "f(\n    1,  # one\n    2,\n)", "(y := 5)", "a if b else c", "not a"),
        *("'x' \\\n    'y'", "(\n1)", "-1", "a and b", "{1: [2]}", "await g()"),
    )
)
OPERATOR = st.sampled_from(("==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"))


@st.composite
def asserts(draw: st.DrawFn) -> str:
    left, right = draw(SIDE), draw(SIDE)
    form = draw(
        st.sampled_from(("({0}) {1} ({2})", "(\n({0})\n\n{1} ({2})\n)", "({0}) \\\n {1} ({2})"))
    )
    message = draw(st.sampled_from(("", ", 'no'", ", (\n'no'\n)", ", f(\n1)")))
    return "assert " + form.format(left, draw(OPERATOR), right) + message


BLOCK = st.sampled_from(
    (
        *("{}", "if a: {}", "for x in y:\n        {}\n    else:\n        {}", "x = 1; {}; y = 2"),
        *("try: {}\n    except E: {}\n    finally: {}", "match a:\n        case 1: {}", "assert a"),
        *("with a:\n        def g():\n            {}\n            return 'ß'", "assert a < b < c"),
    )
)


@given(st.lists(st.tuples(BLOCK, asserts()), min_size=1, max_size=3), st.sampled_from("\n\r"))
@settings(max_examples=60, deadline=None)
def test_a_test_that_keeps_its_sides_is_the_same_test(
    parts: list[tuple[str, str]], newline: str
) -> None:
    lines = (block.replace("{}", one) for block, one in parts)
    test = "async def check():\n    " + "\n    ".join(lines) + "\n"
    try:
        tree = ast.parse(test)
    except SyntaxError:  # such as a yield in a comprehension
        return
    kept = ast.parse(keep_sides(test.replace("\n", newline)))
    assert ast.dump(kept) == ast.dump(Sides().visit(tree))
    asserted = [node.test.lineno for node in ast.walk(kept) if isinstance(node, ast.Assert)]
    assert len(asserted) == test.count("assert ")
    calls = [node.lineno for node in ast.walk(kept) if isinstance(node, ast.Constant)]
    assert calls == [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Constant)]


def test_a_test_that_does_not_parse_is_left_as_it_is() -> None:
    assert keep_sides("assert (") == "assert ("
