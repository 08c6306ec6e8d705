"""Measure what the results of the visible tests are worth when a failed program is repaired."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from refinegraph.agents import Reviewer, Solver
from refinegraph.agents.branch_refiner import REPORTED, BranchRefiner
from refinegraph.agents.models import Sampling
from refinegraph.agents.operators import Task
from refinegraph.agents.prompts import COMPACT2
from refinegraph.embedded.tasks import GradedTask, graded_tasks
from refinegraph.graphs.nodes.parse_candidate import read_candidate
from refinegraph.schema import Candidate, Move
from training.attempts import Attempt, read_attempt
from training.figure import Figure
from training.measuring import MAX_TOKENS, SEED, Measure, edited, several
from training.roles import NOT_RUN, TRACES, review_of, shown

_BRANCHES = 4
"""Alternatives that are tried for a failed sample: a choice."""
_STEPS, _VAGUE = (4, 5, 6, 7, 8), (1, 2, 3)
"""The numbers of steps of tasks that the model fails in two of three samples."""
_SAMPLED = 14
"""How many times as many tasks are sampled as for other figures, because the difference that the
results of tests make is small: a choice."""


class _Course(NamedTuple):
    """The repairs of one failed sample, with the results of its tests and without them."""

    reviewed: tuple[bool, bool]
    """Whether the review names the first wrong line and the right change."""
    edited: tuple[bool, bool]
    """Whether the program is right after a review and an edit."""
    branched: tuple[bool, bool]
    """Whether the branch that passes the visible tests is right, and whether the likeliest is."""
    is_last: bool
    """Whether the first wrong line is the last one."""


def evidence_tasks(count: int) -> list[GradedTask]:
    """Return the tasks whose failed samples are repaired, for a report of `count` tasks."""
    return list(
        graded_tasks(
            "held_out", count=_SAMPLED * count, seed=SEED, steps=_STEPS, vague=_VAGUE, plain=True
        )
    )


async def measure_evidence(measure: Measure, tasks: Sequence[GradedTask]) -> list[Figure]:
    """Return the figures of reviews and repairs with and without the results of tests.

    One sample of every task is repaired if it fails the visible tests.
    """
    tried = await several(lambda task: _course(measure, task), tasks)
    courses = [course for course in tried if course]

    def lost(values: Callable[[_Course], tuple[bool, bool]]) -> tuple[float, ...]:
        return tuple(float(values(course)[1]) - float(values(course)[0]) for course in courses)

    seen, blind = (tuple(float(course.reviewed[place]) for course in courses) for place in (0, 1))
    last = sum(course.is_last for course in courses) / max(1, len(courses))
    names = "names the line and the change"
    return [
        Figure("reviewer", names, seen, "always the last line", last),
        Figure("reviewer without evidence", names, blind, "always the last line", last),
        Figure("evidence withheld", "change of the Reviewer's share",
               lost(lambda course: course.reviewed), "no change", 0.0),
        Figure("evidence withheld", "change of the share right after a review and an edit",
               lost(lambda course: course.edited), "no change", 0.0),
        Figure("evidence withheld", f"change of the share right after {_BRANCHES} branches",
               lost(lambda course: course.branched), "no change", 0.0),
    ]  # fmt: skip


async def _course(measure: Measure, task: GradedTask) -> _Course | None:
    problem = task.labelled.problem
    sampling = Sampling(temperature=0.8, seed=4, max_tokens=MAX_TOKENS, logprobs=REPORTED)
    drafts = await Solver(measure.model, sampling=sampling, prompts=COMPACT2)(problem)
    sample = read_candidate(drafts.choices[0], problem, id="0.0")
    attempt = read_attempt(task, sample.program) if sample.program else None
    if attempt is None or attempt.passed:
        return None
    with_tests = await _edit(measure, task, attempt, is_run=True)
    without = await _edit(measure, task, attempt, is_run=False)
    return _Course(
        (with_tests[0], without[0]),
        (with_tests[1], without[1]),
        await _branch(measure, task, sample),
        attempt.wrong_step == len(attempt.steps) - 1,
    )


async def _edit(
    measure: Measure, task: GradedTask, attempt: Attempt, *, is_run: bool
) -> tuple[bool, bool]:
    """Return whether the review is right, and whether the program is after the edit."""
    problem = task.labelled.problem
    candidate = await measure.tried(task, attempt.program)
    if not is_run:
        candidate = candidate.model_copy(update={"verdict": None})
    trace = f"{TRACES[0]}\n{attempt.trace}" if is_run and attempt.trace else ""
    reviewer = Reviewer(measure.model, prompts=COMPACT2, sampling=Sampling(temperature=0.0))
    review = (await reviewer(problem, candidate, trace=trace)).review.text.strip()
    [edit] = await measure.ask(
        COMPACT2.refiner_edit, problem=problem.prompt, solution=attempt.program, review=review,
        evidence=shown(attempt, TRACES[0]) if is_run else NOT_RUN,
    )  # fmt: skip
    is_right = await measure.is_right(task, edited(edit, attempt.program))
    return review == review_of(task, attempt), is_right


async def _branch(measure: Measure, task: GradedTask, sample: Candidate) -> tuple[bool, bool]:
    move = Move(operator="refine", parents=(sample.id,))
    refiner = BranchRefiner(measure.model, branches=_BRANCHES, prompts=COMPACT2)
    problem = task.labelled.problem
    outcome = await refiner.apply(Task(problem=problem, move=move, parents=(sample,)))
    programs = [draft.choice.text.strip("\n") for draft in outcome.drafts]
    if not programs:
        return False, False
    passing = [program for program in programs if await _passes(measure, task, program)]
    chosen, likeliest = (passing or programs)[0], programs[0]
    return await measure.is_right(task, chosen), await measure.is_right(task, likeliest)


async def _passes(measure: Measure, task: GradedTask, program: str) -> bool:
    verdict = (await measure.tried(task, program)).verdict
    return verdict is not None and verdict.passed
