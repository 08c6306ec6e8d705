"""Suspicious lines of a single program in the sandbox."""

from refinegraph.schema import CallCase, Candidate, Problem
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
