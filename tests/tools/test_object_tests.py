"""Tests that pass objects accept right programs, and their verdict cannot be forged."""

import pytest

from refinegraph.schema import Problem
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases import parse_tests
from refinegraph.tools.test_cases.checking import check_program
from refinegraph.tools.test_cases.objects import inside_call

NODE = """\
class Node:
    def __init__(self, value, left=None):
        self.value, self.left = value, left
"""
DEPTH = f"{NODE}\ndef depth(node):\n    return 1 + depth(node.left) if node else 0\n"
ONE = "def depth(node):\n    return 1\n"
EVIL = f"""\
{NODE}
class Always:
    def __eq__(self, other): return True
    def __bool__(self): return True
    def __hash__(self): return 1
    value = property(lambda self: self)

def depth(node):
    return Always()
"""


async def statuses(program: str, tests: str) -> list[str]:
    problem = Problem(prompt="Return the depth of a tree.", entry_point="depth")
    cases = parse_tests(tests, entry_point="depth")
    verdict = await check_program(Sandbox(), program, cases, problem=problem)
    assert verdict.passed == all(outcome.passed for outcome in verdict.tests)
    return [outcome.status for outcome in verdict.tests]


TESTS = [
    "assert depth(Node(1, Node(2))) == 2",
    "assert 2 == depth(Node(1, Node(2)))",
    "root = Node(1)\nroot.left = Node(2)\nassert depth(root) == 2",
    "assert [depth(Node(1, Node(2)))] == [2]",
]


@pytest.mark.parametrize("tests", TESTS)
async def test_objects_of_the_programs_own_class_are_passed(tests: str) -> None:
    assert await statuses(DEPTH, tests) == ["passed"]
    assert await statuses(DEPTH.replace("1 + ", "2 + "), tests) == ["failed"]


@pytest.mark.parametrize("tests", TESTS)
async def test_objects_of_a_class_in_the_tests_are_passed(tests: str) -> None:
    program = DEPTH.removeprefix(NODE)
    assert await statuses(program, f"{NODE}\n{tests}") == ["passed"]
    assert await statuses(ONE, f"{NODE}\n{tests}") == ["failed"]


@pytest.mark.parametrize(
    "tests", [*TESTS, "assert depth(Node(1)).value == 1", "assert depth(Node(1)) is True"]
)
async def test_program_cannot_forge_the_comparison(tests: str) -> None:
    assert await statuses(EVIL, tests) == ["unserializable"]


async def test_objects_of_the_standard_library_are_passed() -> None:
    program = "def depth(day):\n    return day.year\n"
    tests = "import datetime\nassert depth(datetime.date(2020, 1, 1)) == 2020"
    assert await statuses(program, tests) == ["passed"]


async def test_truth_of_a_direct_call_is_checked() -> None:
    tests = f"{NODE}\nassert depth(Node(1))\nassert not depth(Node(0))"
    program = "def depth(node):\n    return node.value\n"
    assert await statuses(program, tests) == ["passed", "passed"]
    assert await statuses(ONE, tests) == ["passed", "failed"]


async def test_plain_tests_beside_tests_with_objects_keep_their_outcome() -> None:
    tests = "assert depth(None) == 0\nassert depth(None) in (0, 7)\nassert depth(Node(1)) == 1"
    assert await statuses(DEPTH, tests) == ["passed", "passed", "passed"]
    assert await statuses(DEPTH.replace("else 0", "else 7"), tests) == [
        "failed",
        "passed",
        "failed",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "assert abs(depth(Node(1)) - 2) < 0.1",
        "assert all(depth(n) == 1 for n in [Node(1)])",
        "assert isinstance(depth(Node(1)), int)",
        "assert depth(Node(1)) == Node(2)",
        "assert depth(Node(1)) == 1 == 1",
        "for n in [Node(1)]:\n    assert depth(n) == 1",
        "depth(Node(1))",
        "",
    ],
)
def test_comparisons_that_a_program_could_forge_are_not_read(source: str) -> None:
    assert inside_call(source, "depth") is None


async def test_outcome_shows_the_assertion_as_it_is_written() -> None:
    problem = Problem(prompt="Return the depth of a tree.", entry_point="depth")
    cases = parse_tests(TESTS[0], entry_point="depth")
    verdict = await check_program(Sandbox(), ONE + NODE, cases, problem=problem)
    (outcome,) = verdict.tests
    assert outcome.call == TESTS[0]
    assert (outcome.expected, outcome.got) == ("2", "1")
