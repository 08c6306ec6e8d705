"""Measure one figure for every role on held-out tasks, through the agents that play it."""

import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

from refinegraph.agents import Solver
from refinegraph.agents.abstention import abstains
from refinegraph.agents.branch_refiner import REPORTED, BranchRefiner
from refinegraph.agents.judges.judge import StepJudge
from refinegraph.agents.judges.p_true import p_true
from refinegraph.agents.judges.pairwise import PairwiseJudge
from refinegraph.agents.likelihood.local import LocalLikelihood
from refinegraph.agents.models import Sampling, generate
from refinegraph.agents.operators import Task
from refinegraph.agents.prompts import COMPACT2
from refinegraph.agents.test_certainty import SURE_TEST
from refinegraph.agents.test_writer import TestWriter
from refinegraph.embedded.tasks import GradedTask, graded_tasks
from refinegraph.embedded.tasks.outside import outside_questions
from refinegraph.graphs.nodes.parse_candidate import read_candidate
from refinegraph.schema import Candidate, Move, Problem
from refinegraph.tools.test_cases.checking import check_program
from training.attempts import Attempt, read_attempt
from training.certainties import measure_certainty
from training.evidence import evidence_tasks, measure_evidence
from training.figure import Figure
from training.kept import Kept
from training.measuring import MAX_TOKENS, SEED, Measure, edited, several
from training.roles import (
    edit_of,
    gloss_of,
    header_of,
    lessons_of,
    lettered,
    review_of,
)

_STEPS, _VAGUE = (3, 4, 5, 6), (1, 2, 3)
"""The numbers of steps of tasks whose attempts are judged: hard enough that the model writes both
right and wrong programs for most of them."""
_PROGRAMS = 3
"""How many times as many tasks are sampled for figures about single programs: a choice."""


class Tried(NamedTuple):
    """A task with one right and one wrong attempt by the model."""

    task: GradedTask
    right: Attempt
    wrong: Attempt


async def measure_roles(measure: Measure, kept: Kept, *, count: int) -> list[Figure]:
    """Return the figures of all roles, measured only as far as they are not kept."""
    tasks = list(
        graded_tasks("held_out", count=count, seed=SEED, steps=_STEPS, vague=_VAGUE, plain=True)
    )
    stated = list(graded_tasks("held_out", count=count, seed=SEED + 1, steps=(2, 3, 4), vague=(0,)))
    groups: dict[str, Callable[[], Awaitable[list[Figure]]]] = {
        "writing": lambda: _writing(measure, tasks, stated),
        "judging": lambda: _judging(measure, tasks),
        "certainty": lambda: measure_certainty(measure, _sampled(count)),
        "evidence": lambda: measure_evidence(measure, evidence_tasks(count)),
        "repairing": lambda: _repairing(measure, tasks),
        "abstaining": lambda: _abstaining(measure, stated),
    }
    return [
        figure
        for name, measured in groups.items()
        for figure in await kept.get(name, Figure, measured)
    ]


def _sampled(count: int) -> list[GradedTask]:
    """Return tasks for figures about single programs, which need more of them than pairs do."""
    several_times = _PROGRAMS * count
    return list(
        graded_tasks(
            "held_out", count=several_times, seed=SEED, steps=_STEPS, vague=_VAGUE, plain=True
        )
    )


async def _pairs(measure: Measure, tasks: Sequence[GradedTask]) -> list[Tried]:
    """Return a right and a wrong attempt at every task for which the model writes both."""
    return [pair for pair in await several(_attempts(measure), tasks) if pair]


def _attempts(measure: Measure) -> Callable[[GradedTask], Awaitable[Tried | None]]:
    async def attempts(task: GradedTask) -> Tried | None:
        programs = await measure.solve(task, n=8, temperature=1.0)
        readable = [attempt for text in programs if (attempt := read_attempt(task, text))]
        right = next((attempt for attempt in readable if attempt.right), None)
        wrong = next((attempt for attempt in readable if not attempt.passed), None)
        return Tried(task, right, wrong) if right and wrong else None

    return attempts


async def _writing(
    measure: Measure, tasks: Sequence[GradedTask], stated: Sequence[GradedTask]
) -> list[Figure]:
    solved = await several(lambda task: _solves(measure, task), stated)
    open_solved = await several(lambda task: _solves(measure, task), tasks)
    continued = await several(lambda task: _continues(measure, task), tasks)
    taught = await several(lambda task: _learns(measure, task), tasks)
    planned = await several(lambda task: _plans(measure, task), stated)
    lines = await several(lambda task: _writes_lines(measure, task), stated)
    written = await several(lambda task: _writes_tests(measure, task), stated)
    sure = await several(lambda task: _writes_tests(measure, task, SURE_TEST), stated)
    shown = [_example_again(task) for task in stated if task.examples]
    return [
        Figure("solver", "right, every step stated", _as(solved), "always abstain", 0.0),
        Figure("continuing", "right from the first half on", _as(continued), "from the beginning",
               _mean(open_solved)),
        Figure("reader of a lesson", "right with a lesson", _as(taught), "without one",
               _mean(open_solved)),
        Figure("planner", "right, one line a step of its plan", _as(planned), "without a plan",
               _mean(solved)),
        Figure("solver of one step", "right lines", _flat(lines), "the most frequent line", 0.0),
        Figure("test writer", "right tests", _flat(written), "repeat a result that is shown",
               _mean(shown)),
        Figure("test writer", "right, of those of which it is sure", _flat(sure),
               "repeat a result that is shown", _mean(shown)),
        Figure("test writer", "tasks with a test of which it is sure", _as(map(bool, sure)),
               "no tests", 0.0),
    ]  # fmt: skip


async def _solves(measure: Measure, task: GradedTask) -> bool:
    return await measure.is_right(task, (await measure.solve(task))[0])


async def _continues(measure: Measure, task: GradedTask) -> bool:
    lines = task.program.split("\n")
    # The indentation belongs to the prefix, because a line break and it are one token.
    kept = "\n".join([*lines[: 1 + len(task.steps) // 2], "    "])
    prompt = Solver(measure.model, prompts=COMPACT2).messages(task.labelled.problem)
    drafts = await generate(
        measure.model, prompt, sampling=Sampling(temperature=0.0, max_tokens=MAX_TOKENS),
        prefix=kept,
    )  # fmt: skip
    rest = drafts.choices[0].text.removeprefix(kept)
    return await measure.is_right(task, f"{kept}{rest}")


async def _learns(measure: Measure, task: GradedTask) -> bool:
    lessons = lessons_of(task, random.Random(task.name))
    notes = "\n".join(["Notes that may help:", *(f"- {lesson}" for lesson in lessons)])
    solver = Solver(measure.model, prompts=COMPACT2)
    drafts = await solver(task.labelled.problem, instruction=notes)
    return await measure.is_right(task, drafts.choices[0].text.strip("\n"))


async def _plans(measure: Measure, task: GradedTask) -> bool:
    """Return whether the lines written for the steps of a plan form a right program."""
    [plan] = await measure.ask(COMPACT2.planner, problem=task.labelled.problem.prompt)
    steps = [line.partition(". ")[2] for line in plan.split("\n")]
    lines = [(await measure.ask(COMPACT2.step_solver, step=step))[0] for step in steps]
    values = [line.removeprefix("x = ") for line in lines]
    header = f"def {task.name}({', '.join(('x', *task.arguments[1:]))}):"
    body = [*(f"    x = {value}" for value in values[:-1]), f"    return {values[-1]}"]
    return await measure.is_right(task, "\n".join([header, *body]))


async def _writes_lines(measure: Measure, task: GradedTask) -> list[bool]:
    answers = [
        (await measure.ask(COMPACT2.step_solver, step=gloss_of(step)))[0] for step in task.steps
    ]
    return [
        answer == f"x = {step.expression}" for answer, step in zip(answers, task.steps, strict=True)
    ]


async def _writes_tests(measure: Measure, task: GradedTask, certainty: float = 0.0) -> list[bool]:
    """Return which tests the reference solution passes."""
    sampling = Sampling(temperature=0.8, seed=6, max_tokens=MAX_TOKENS)
    writer = TestWriter(measure.model, certainty=certainty, sampling=sampling, prompts=COMPACT2)
    written = await writer(task.labelled.problem)
    if not written.tests:
        return []
    problem = task.labelled.problem
    verdict = await check_program(measure.sandbox, task.program, written.tests, problem=problem)
    return [outcome.passed for outcome in verdict.tests]


def _example_again(task: GradedTask) -> float:
    first = task.examples[0].result
    return sum(case.result == first for case in task.hidden) / len(task.hidden)


async def _judging(measure: Measure, tasks: Sequence[GradedTask]) -> list[Figure]:
    tried = await _pairs(measure, tasks)
    truth = p_true(measure.model, prompt=COMPACT2.p_true)
    steps = StepJudge(measure.model, prompt=COMPACT2.step_judge)
    pairs = PairwiseJudge(measure.model, prompt=COMPACT2.pairwise_judge)

    async def ranked(tried: Tried) -> float:
        right, wrong = await _values(truth, tried)
        return 0.5 if right == wrong else float(right > wrong)

    async def compared(tried: Tried) -> float:
        right, wrong = await _values(pairs, tried)
        return 0.5 if right == wrong else float(right > wrong)

    async def located(tried: Tried) -> bool:
        candidate = Candidate(id="0.0", text=tried.wrong.program, program=tried.wrong.program)
        [score] = (await steps(tried.task.labelled.problem, [candidate])).scores
        low = [number for number, value in enumerate(score.steps) if value < 0.5]
        return low[:1] == [tried.wrong.wrong_step + 1]

    async def found(tried: Tried) -> bool:
        lines = await _line_logprobs(measure, tried.task, tried.wrong.program)
        return lines.index(min(lines)) == tried.wrong.wrong_step

    async def likely(tried: Tried) -> list[float]:
        attempts = (tried.right, tried.wrong)
        return [sum(await _line_logprobs(measure, tried.task, each.program)) for each in attempts]

    values = await several(lambda pair: _values(truth, pair), tried)
    totals = await several(likely, tried)
    second = [float(pair.wrong.wrong_step == 0) for pair in tried]
    return [
        Figure("judge", "area under the curve, over all tasks", _area(values), "constant", 0.5),
        Figure("judge", "right program first, within a task",
               tuple(await several(ranked, tried)), "guess", 0.5),
        Figure("step judge", "names the first wrong line", _as(await several(located, tried)),
               "always the first step", _mean(second)),
        Figure("log-probability", "area under the curve, over all tasks", _area(totals), "constant",
               0.5),
        Figure("log-probability", "right program first, within a task",
               tuple(float(right > wrong) for right, wrong in totals), "guess", 0.5),
        Figure("log-probability", "least likely line is the first wrong one",
               _as(await several(found, tried)), "always the first step", _mean(second)),
        Figure("pairwise judge", "right program first", tuple(await several(compared, tried)),
               "guess", 0.5),
    ]  # fmt: skip


async def _line_logprobs(measure: Measure, task: GradedTask, program: str) -> list[float]:
    """Return the log-probability of every line after the header, as the Solver's answer."""
    messages = Solver(measure.model, prompts=COMPACT2).messages(task.labelled.problem)
    tokens = await LocalLikelihood(measure.model)(messages, program)
    sums = [0.0] * program.count("\n")
    written = ""
    for token in tokens:  # the header is part of the prompt, so the first token begins a line
        written += token.token
        sums[written.count("\n") - 1] += token.logprob
    return sums


async def _values(scorer: p_true | PairwiseJudge, tried: Tried) -> list[float]:
    pool = [
        Candidate(id=f"0.{number}", text=attempt.program, program=attempt.program)
        for number, attempt in enumerate((tried.right, tried.wrong))
    ]
    scored = await scorer(tried.task.labelled.problem, pool)
    return [0.5 if score.value is None else score.value for score in scored.scores]


def _area(values: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return the probability that a right program scores above a wrong one, over pairs of tasks."""
    pairs = [(right, wrong) for right, _ in values for _, wrong in values]
    above = sum((right > wrong) + (right == wrong) / 2 for right, wrong in pairs)
    return (above / len(pairs),) if pairs else ()


async def _repairing(measure: Measure, tasks: Sequence[GradedTask]) -> list[Figure]:
    tried = await _pairs(measure, tasks)
    advised = await several(
        lambda pair: _edits(measure, pair, review_of(pair.task, pair.wrong)), tried
    )
    combined = await several(lambda pair: _synthesises(measure, pair), tried)
    fresh = await several(lambda pair: _afresh(measure, pair.task), tried)
    branched = await several(lambda pair: _branches(measure, pair.task), tried)
    return [
        Figure("refiner by edit", "right after a right review", _as(advised), "a fresh sample",
               _mean(fresh)),
        Figure("repair at the least certain token", "of failed samples, right after one",
               _as(passed for passed in branched if passed is not None), "a fresh sample",
               _mean(fresh)),
        Figure("synthesiser", "right, from one right and one wrong", _as(combined),
               "one of the two at random", 0.5),
    ]  # fmt: skip


async def _edits(measure: Measure, tried: Tried, review: str) -> bool:
    [answer] = await measure.ask(
        COMPACT2.refiner_edit, problem=tried.task.labelled.problem.prompt,
        solution=tried.wrong.program, evidence=tried.wrong.evidence, review=review,
    )  # fmt: skip
    if answer == edit_of(tried.task, tried.wrong):
        return True
    return await measure.is_right(tried.task, edited(answer, tried.wrong.program))


async def _branches(measure: Measure, task: GradedTask) -> bool | None:
    """Return whether the first repair of a failed sample is right; None if the sample is right."""
    problem = task.labelled.problem
    sampling = Sampling(temperature=0.8, seed=2, max_tokens=MAX_TOKENS, logprobs=REPORTED)
    drafts = await Solver(measure.model, sampling=sampling, prompts=COMPACT2)(problem)
    sample = read_candidate(drafts.choices[0], problem, id="0.0")
    if sample.program is None or await measure.is_right(task, sample.program):
        return None
    move = Move(operator="refine", parents=("0.0",))
    refiner = BranchRefiner(measure.model, prompts=COMPACT2)
    outcome = await refiner.apply(Task(problem=problem, move=move, parents=(sample,)))
    programs = [draft.choice.text.strip("\n") for draft in outcome.drafts]
    return bool(programs) and await measure.is_right(task, programs[0])


async def _synthesises(measure: Measure, tried: Tried) -> bool:
    pair = [tried.wrong, tried.right]
    random.Random(tried.task.name).shuffle(pair)
    problem = tried.task.labelled.problem
    [program] = await measure.ask(
        COMPACT2.synthesiser, problem=problem.prompt, header=header_of(problem),
        solutions=lettered(pair),
    )  # fmt: skip
    return await measure.is_right(tried.task, program)


async def _afresh(measure: Measure, task: GradedTask) -> bool:
    return await measure.is_right(task, (await measure.solve(task, temperature=0.8))[0])


async def _abstaining(measure: Measure, own: Sequence[GradedTask]) -> list[Figure]:
    async def outside(question: str) -> bool:
        return abstains(await _first(measure, Problem(prompt=question)), COMPACT2.abstention)

    async def inside(task: GradedTask) -> bool:
        return not abstains(await _first(measure, task.labelled.problem), COMPACT2.abstention)

    general = await several(outside, outside_questions())
    return [
        Figure("abstention", "of general questions", _as(general),
               "never", 0.0),
        Figure("no abstention", "of its own tasks", _as(await several(inside, own)), "always", 0.0),
    ]  # fmt: skip


async def _first(measure: Measure, problem: Problem) -> str:
    header = header_of(problem)
    return (await measure.ask(COMPACT2.solver, problem=problem.prompt, header=header))[0]


def _as(values: Iterable[bool]) -> tuple[float, ...]:
    return tuple(map(float, values))


def _flat(values: Iterable[Sequence[bool]]) -> tuple[float, ...]:
    return tuple(float(value) for group in values for value in group)


def _mean(values: Iterable[float]) -> float:
    numbers = [float(value) for value in values]
    return sum(numbers) / len(numbers) if numbers else 0.0
