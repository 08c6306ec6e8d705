"""Measure samples and repairs by the number of vague steps, which shows when a repair pays."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from refinegraph.agents import Solver
from refinegraph.agents.alternatives import unused_alternatives
from refinegraph.agents.branch_refiner import REPORTED, BranchRefiner
from refinegraph.agents.models import Sampling
from refinegraph.agents.operators.task import Task
from refinegraph.agents.prompts import COMPACT2
from refinegraph.embedded.tasks import GradedTask, graded_tasks
from refinegraph.graphs.nodes.parse_candidate import read_candidate
from refinegraph.schema import Candidate, Move, Problem
from training.kept import Kept
from training.measuring import MAX_TOKENS, SEED, Measure, several

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
    """For every sample that fails the visible tests, whether its likeliest branch is right."""
    again: tuple[float, ...]
    """For every failed repair, whether the next likeliest branch is right."""
    afresh: tuple[float, ...]
    """For every sample that fails the visible tests, whether a fresh sample is right."""
    edit_tokens: float
    """Mean tokens of a repair; it needs no review."""
    sample_tokens: float

    @property
    def cost(self) -> float:
        """The tokens of a repair, divided by those of a sample."""
        return self.edit_tokens / self.sample_tokens if self.sample_tokens else 0.0


class _Course(NamedTuple):
    first: bool
    repaired: bool | None
    again: bool | None
    afresh: bool | None
    tokens: tuple[int, int]
    """The tokens of the sample and of its repair."""


async def measure_grades(
    measure: Measure, kept: Kept, *, count: int, grades: Sequence[int] = GRADES
) -> list[Grade]:
    """Return one grade per number of vague steps, measured on `count` tasks each.

    Grades that are kept are not measured again.
    """
    return [
        grade
        for vague in grades
        for grade in await kept.get(f"{vague} vague", Grade, partial(_grade, measure, vague, count))
    ]


async def _grade(measure: Measure, vague: int, count: int) -> list[Grade]:
    tasks = graded_tasks(
        "held_out", count=count, seed=SEED + 10 + vague, steps=(STEPS,), vague=(vague,), plain=True
    )
    courses = await several(lambda task: _course(measure, task), list(tasks))
    failed = [course for course in courses if course.repaired is not None]
    grade = Grade(
        vague,
        tuple(float(course.first) for course in courses),
        tuple(float(bool(course.repaired)) for course in failed),
        tuple(float(course.again) for course in courses if course.again is not None),
        tuple(float(bool(course.afresh)) for course in failed),
        edit_tokens=_mean([course.tokens[1] for course in failed]),
        sample_tokens=_mean([course.tokens[0] for course in courses]),
    )
    return [grade]


async def _course(measure: Measure, task: GradedTask) -> _Course:
    problem = task.labelled.problem
    sampling = Sampling(temperature=_TEMPERATURE, seed=1, max_tokens=MAX_TOKENS, logprobs=REPORTED)
    solver = Solver(measure.model, samples=2, sampling=sampling, prompts=COMPACT2)
    drafts = (await solver(problem)).choices
    sample, other = (
        read_candidate(draft, problem, id=f"0.{number}") for number, draft in enumerate(drafts)
    )
    right = await _is_right(measure, task, sample)
    verdict = (await measure.tried(task, sample.program or "")).verdict
    if verdict and verdict.passed:
        return _Course(right, None, None, None, (sample.tokens, 0))
    fresh = await _is_right(measure, task, other)
    repair = await _branch(measure, problem, [sample])
    if repair is None or await _is_right(measure, task, repair):
        return _Course(right, repair is not None, None, fresh, _tokens(sample, repair))
    second = await _branch(measure, problem, [sample, repair])
    again = second is not None and await _is_right(measure, task, second)
    return _Course(right, False, again, fresh, _tokens(sample, repair))


async def _branch(
    measure: Measure, problem: Problem, pool: Sequence[Candidate]
) -> Candidate | None:
    """Return the likeliest branch of all candidates; None if no alternative is left."""
    branches = [
        (unused[0].gap, parent) for parent in pool if (unused := unused_alternatives(parent, pool))
    ]
    if not branches:
        return None
    _, parent = min(branches, key=lambda branch: branch[0])
    move = Move(operator="refine", parents=(parent.id,))
    task = Task(problem=problem, move=move, parents=(parent,), pool=tuple(pool))
    [draft] = (await BranchRefiner(measure.model, prompts=COMPACT2).apply(task)).drafts
    return read_candidate(draft, problem, id=f"{len(pool)}.0", parents=(parent.id,))


async def _is_right(measure: Measure, task: GradedTask, candidate: Candidate) -> bool:
    return candidate.program is not None and await measure.is_right(task, candidate.program)


def _tokens(sample: Candidate, repair: Candidate | None) -> tuple[int, int]:
    return sample.tokens, repair.tokens if repair else 0


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0
