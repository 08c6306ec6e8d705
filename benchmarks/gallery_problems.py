"""The problems of the gallery's benchmark, and what a simulated solution of them looks like.

A solution has three steps with a visible value each, so that a partial solution can be right or
wrong, and a scorer of steps has something to know. In a program, the values are in its lines.
"""

import re
from collections.abc import Sequence

from refinegraph.schema import Gold, LabelledProblem, Problem
from refinegraph.testing import FakeSandbox, SandboxRun

STEPS = 3
"""Steps of a solution: enough for searches to branch, few enough to stay cheap; a choice."""
VISIBLE = 3
"""Visible tests of a program."""
PROBLEM = re.compile(r"Simulated (problem|program) (\d+)")
ANSWER = re.compile(r"\\boxed\{(-?\d+)\}|return (-?\d+)$", re.MULTILINE)
QUESTION = "its answer?"
_VALUE = re.compile(
    r"value[ _]\d (?:is|=) (-?\d+)(?:\.|$)|\\boxed\{(-?\d+)\}|return (-?\d+)$", re.MULTILINE
)
_WAY = re.compile(r"Step 1 \((\w)|answer\(case\):  # (\w)")
_NUMBER = re.compile(r"program = (\d+)$", re.MULTILINE)


def agent_problems(count: int, *, code: bool) -> list[LabelledProblem]:
    """Return problems that a `SimulatedAgent` answers, as numbers or as programs."""
    return [_problem(number, code=code) for number in range(count)]


def number_of(problem: Problem) -> int | None:
    """Return the number of a simulated problem; None for one that a system wrote itself."""
    match = PROBLEM.search(problem.prompt)
    return int(match[2]) if match else None


def right_answer(number: int) -> int:
    """Return the right answer of a problem."""
    return 1_000 + 37 * number


def values_of(text: str) -> list[int]:
    """Return the values of the steps of a solution; the last one is its answer, if it has one."""
    return [int(a or b or c) for a, b, c in _VALUE.findall(text)]


def statement(number: int, *, code: bool) -> str:
    """Return the statement of a problem."""
    if code:
        return f"Simulated program {number}: write answer(case). What is {QUESTION}"
    return f"Simulated problem {number}.\nWhat is {QUESTION}"


def _problem(number: int, *, code: bool) -> LabelledProblem:
    if not code:
        problem = Problem(
            id=f"simulated/{number}", prompt=statement(number, code=False), kind="math"
        )
        return LabelledProblem(problem=problem, gold=Gold(answer=str(right_answer(number))))
    tests = [f"assert answer({case}) == {right_answer(number)}" for case in range(VISIBLE + 1)]
    problem = Problem(
        id=f"simulated/{number}",
        prompt=statement(number, code=True),
        kind="code",
        entry_point="answer",
        tests="\n".join(tests[:VISIBLE]),
    )
    return LabelledProblem(problem=problem, gold=Gold(tests=tests[VISIBLE]))


def simulated_sandbox(*, hidden: bool) -> FakeSandbox:
    """Return a sandbox for simulated programs, whose visible tests let one wrong answer pass.

    They pass programs that are wrong by 9, and two of three pass those that are wrong by 6 to 8.
    Scripts without tests always run, and print nothing.
    """

    def verdict(run: SandboxRun) -> bool | set[str]:
        if run.ids == ("script",):
            return True
        number, answer = _NUMBER.search(run.source), ANSWER.search(run.source)
        if not number or not answer:
            return False
        error = int(answer[2] or answer[1]) - right_answer(int(number[1]))
        if hidden or error in (0, 9):
            return error == 0 or not hidden
        return set(run.ids[: VISIBLE - 1]) if error >= 6 else False

    return FakeSandbox(verdict)


def written(number: int, values: Sequence[int], *, way: str, code: bool) -> str:
    """Return the solution whose steps have these values; the last one is its answer.

    The letter `way` stands for the wording, so that equal solutions have different texts.
    """
    *before, answer = values
    if code:
        # Ten lines, from which on the Refiner asks for edits.
        lines = [f"program = {number}"]
        for step, value in enumerate(before, 1):
            lines += [
                f"value_{step} = {value}",
                *(f"note_{step}{line} = {line}" for line in (1, 2)),
            ]
        body = "\n".join(f"    {line}" for line in [*lines, "note_3 = 3", f"return {answer}"])
        return f"```python\ndef answer(case):  # {way}\n{body}\n```"
    steps = [
        f"Step {step} ({way}): value {step} is {value}." for step, value in enumerate(before, 1)
    ]
    return "\n\n".join([*steps, f"Step {STEPS} ({way}): it is \\boxed{{{answer}}}."])


def way_of(text: str) -> str | None:
    """Return the letter that stands for the wording of a solution, if it has been written."""
    match = _WAY.search(text)
    return (match[1] or match[2]) if match else None


def rest_of(whole: str, prefix: str) -> str | None:
    """Return what follows a prefix that may differ in white space; None if it is no prefix.

    >>> rest_of("Step 1.\\n\\nStep 2.", "Step 1.\\nSt")
    'ep 2.'
    """
    begun = "".join(prefix.split())
    if not "".join(whole.split()).startswith(begun):
        return None
    at = 0
    for _ in begun:
        while whole[at].isspace():
            at += 1
        at += 1
    return whole[at:].lstrip("\n") if prefix.endswith("\n") else whole[at:]
