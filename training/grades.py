"""Measure samples and repairs by the number of vague steps, which shows when a repair pays."""

from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.agents.evidence import gather_evidence
from refinegraph.agents.feedback import format_evidence
from refinegraph.agents.operators.task import Task
from refinegraph.agents.prompts import COMPACT2
from refinegraph.embedded.tasks import GradedTask, graded_tasks
from refinegraph.schema import Candidate, Move
from refinegraph.tools.test_cases import parse_tests
from training.measuring import SEED, Measure, edited, several
from training.roles import header_of

GRADES = tuple(range(9))
"""Numbers of vague steps: from none to all."""
STEPS = 8
"""The number of steps of every task, so that tasks of all grades are equally long."""
_TEMPERATURE = 0.8
"""High enough that two samples differ; the exact value is a choice."""


class Grade(NamedTuple):
    """The results for tasks with one number of vague steps."""

    vague: int
    first: tuple[float, ...]
    """Whether the first sample was right, by the hidden tests."""
    repaired: tuple[float, ...]
    """For every sample that fails the visible tests, whether a review and an edit made it right."""
    again: tuple[float, ...]
    """For every failed repair, whether a second one made the program right."""
    afresh: tuple[float, ...]
    """For every sample that fails the visible tests, whether a fresh sample is right."""
    edit_tokens: float
    sample_tokens: float
    review_tokens: float

    @property
    def cost(self) -> float:
        """The tokens of a review and an edit, divided by those of a sample."""
        repair = self.edit_tokens + self.review_tokens
        return repair / self.sample_tokens if self.sample_tokens else 0.0


class _Course(NamedTuple):
    first: bool
    repaired: bool | None
    again: bool | None
    afresh: bool | None
    tokens: tuple[int, int, int]
    """The tokens of the sample, the review and the edit."""


async def measure_grades(
    measure: Measure, *, count: int, grades: Sequence[int] = GRADES
) -> list[Grade]:
    """Return one grade per number of vague steps, measured on `count` tasks each."""
    return [await _grade(measure, vague, count) for vague in grades]


async def _grade(measure: Measure, vague: int, count: int) -> Grade:
    tasks = graded_tasks(
        "held_out", count=count, seed=SEED + 10 + vague, steps=(STEPS,), vague=(vague,), plain=True
    )
    courses = await several(lambda task: _course(measure, task), list(tasks))
    failed = [course for course in courses if course.repaired is not None]
    return Grade(
        vague,
        tuple(float(course.first) for course in courses),
        tuple(float(bool(course.repaired)) for course in failed),
        tuple(float(course.again) for course in courses if course.again is not None),
        tuple(float(bool(course.afresh)) for course in failed),
        edit_tokens=_mean([course.tokens[2] for course in failed]),
        sample_tokens=_mean([course.tokens[0] for course in courses]),
        review_tokens=_mean([course.tokens[1] for course in failed]),
    )


async def _course(measure: Measure, task: GradedTask) -> _Course:
    problem = task.labelled.problem
    values = {"problem": problem.prompt, "header": header_of(problem)}
    [(program, tokens), (other, _)] = await measure.ask_counted(
        COMPACT2.solver, 2, _TEMPERATURE, **values
    )
    candidate = await measure.tried(task, program)
    right = await measure.is_right(task, program)
    if candidate.verdict and candidate.verdict.passed:
        return _Course(right, None, None, None, (tokens, 0, 0))
    fresh = await measure.is_right(task, other)
    better, read, written = await _repair(measure, task, candidate)
    if await measure.is_right(task, better):
        return _Course(right, True, None, fresh, (tokens, read, written))
    second, _, _ = await _repair(measure, task, await measure.tried(task, better))
    again = await measure.is_right(task, second)
    return _Course(right, False, again, fresh, (tokens, read, written))


async def _repair(measure: Measure, task: GradedTask, candidate: Candidate) -> tuple[str, int, int]:
    """Return the program after one review and one edit, and the tokens of both."""
    problem = task.labelled.problem
    gather = gather_evidence(measure.sandbox, kinds=COMPACT2.evidence)
    tests = parse_tests(problem.tests, entry_point=problem.entry_point)
    move = Move(operator="review", parents=(candidate.id,))
    evidence = await gather(Task(problem=problem, move=move, tests=tests), candidate)
    values = {
        "problem": problem.prompt,
        "solution": candidate.program or "",
        "evidence": format_evidence(evidence),
    }
    [(review, read)] = await measure.ask_counted(COMPACT2.reviewer, 1, 0.0, **values)
    [(edit, written)] = await measure.ask_counted(
        COMPACT2.refiner_edit, 1, 0.4, review=review, **values
    )
    return edited(edit, candidate.program or ""), read, written


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0
