"""Suspicious lines of a single program in the sandbox."""

from refinegraph.agents import gather_evidence
from refinegraph.agents.feedback import format_evidence
from refinegraph.agents.operators import Task
from refinegraph.schema import CallCase, Candidate, Move, Problem
from refinegraph.tools.localisation.program_suspects import program_suspects
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases.checking import check_program

PROGRAM = """\
def sign(x):
    if x < 0:
        return 1
    if x == 0:
        return 0
    return 1
"""
TESTS = [
    CallCase(id=str(value), entry_point="sign", arguments=f"({value},)", expected=expected)
    for value, expected in ((-2, "-1"), (0, "0"), (3, "1"))
]


async def test_the_line_that_only_the_failing_test_executes_comes_first() -> None:
    problem = Problem(prompt="Write sign(x).", entry_point="sign")
    verdict = await check_program(Sandbox(), PROGRAM, TESTS, problem=problem)
    wrong = Candidate(id="0.0", text=PROGRAM, program=PROGRAM, verdict=verdict)
    text = await program_suspects()(problem, wrong, TESTS)
    assert text.splitlines()[1].startswith("program.py:3  0.80  return 1")


async def test_a_program_that_passes_has_no_suspects() -> None:
    problem = Problem(prompt="Write sign(x).", entry_point="sign")
    verdict = await check_program(Sandbox(), PROGRAM, TESTS[1:], problem=problem)
    right = Candidate(id="0.0", text=PROGRAM, program=PROGRAM, verdict=verdict)
    assert await program_suspects()(problem, right, TESTS[1:]) == ""


async def test_lines_that_every_test_executes_are_no_suspects() -> None:
    problem = Problem(prompt="Write sign(x).", entry_point="sign")
    program = "def sign(x):\n    y = x\n    return y\n"
    verdict = await check_program(Sandbox(), program, TESTS, problem=problem)
    wrong = Candidate(id="0.0", text=program, program=program, verdict=verdict)
    assert await program_suspects()(problem, wrong, TESTS) == ""


async def test_reviewers_are_shown_suspects_where_some_tests_pass() -> None:
    problem = Problem(prompt="Write sign(x).", entry_point="sign")
    verdict = await check_program(Sandbox(), PROGRAM, TESTS, problem=problem)
    wrong = Candidate(id="0.0", text=PROGRAM, program=PROGRAM, verdict=verdict)
    task = Task(problem=problem, move=Move(operator="review"), tests=tuple(TESTS))
    for kinds, shown in ((("verdict", "suspects"), True), (("verdict",), False)):
        evidence = await gather_evidence(kinds=kinds)(task, wrong)
        assert ("program.py:3  0.80  return 1" in format_evidence(evidence)) == shown
