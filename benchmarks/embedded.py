"""Compare strategies on the model that ships with the package.

    python benchmarks/embedded.py --tasks 500

The tasks are compositions that the model never saw in training, and tasks written by hand in free
wording. Every strategy solves the same tasks with the real model, graph and sandbox, and hidden
tests judge the answers afterwards. Then failing programs are repaired, and the repairs are compared
with fresh samples and with repairs for which part of the evidence was withheld.
"""

import argparse
import asyncio
import importlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from refinegraph.agents import Refiner, Reviewer, Solver
from refinegraph.agents.models import Sampling, resolve_model
from refinegraph.embedded.tasks import generate_tasks, handwritten_tasks
from refinegraph.embedded.tasks.final_wording import final_wording_tasks
from refinegraph.embedded.tasks.plain_wording import plain_wording_tasks
from refinegraph.evaluation.statistics import bootstrap_interval, wilson_interval
from refinegraph.graphs.nodes.parse_candidate import read_candidate
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.runs.runner import run_graph
from refinegraph.schema import Candidate, LabelledProblem, Review
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases import parse_tests
from refinegraph.tools.test_cases.checking import check_program

RUNS = (
    ("single", 1),
    ("self-consistency", 16),
    ("best-of-n", 4),
    ("best-of-n", 8),
    ("best-of-n", 16),
    ("sample-until", 4),
    ("sample-until", 8),
    ("sample-until", 16),
    ("self-refine", 1),
    ("magicore", 8),
    ("adaptive", 16),
)
SEED = 90_000
"""Of the tasks: no other benchmark draws from it."""
LENGTHS, VAGUE_SHARE = (3, 3, 4, 4), 0.6
"""The numbers of steps of the repaired tasks: hard enough that about half of the samples fail."""
_AT_ONCE = 8
"""Tasks in progress at the same time: a choice."""
_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Row:
    """The result of one strategy on one set of tasks."""

    name: str
    right: tuple[bool, ...]
    fooled: int
    """The number of answers that passed the visible tests and failed the hidden ones."""
    tokens: int
    """Completion tokens; prompts do not count."""
    prompt_tokens: int
    seconds: float

    @property
    def accuracy(self) -> float:
        """The share of tasks whose answer passes the hidden tests."""
        return sum(self.right) / len(self.right)

    @property
    def tokens_each(self) -> float:
        """Completion tokens per task."""
        return self.tokens / len(self.right)


async def several(
    work: Callable[[_Item], Awaitable[_Found]], items: Iterable[_Item]
) -> list[_Found]:
    """Process the items, a few of them concurrently, and return the results in order."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(item: _Item) -> _Found:
        async with places:
            return await work(item)

    return await asyncio.gather(*map(one, items))


class Judge:
    """Runs programs against visible and hidden tests."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    async def is_right(self, labelled: LabelledProblem, program: str | None) -> bool:
        """Return whether a program passes the hidden tests."""
        return program is not None and await self._passes(labelled, program, labelled.gold.tests)

    async def tried(self, labelled: LabelledProblem, candidate: Candidate) -> Candidate:
        """Return the candidate with the verdict of the visible tests."""
        problem = labelled.problem
        if candidate.program is None:
            return candidate
        tests = parse_tests(problem.tests, entry_point=problem.entry_point)
        verdict = await check_program(self.sandbox, candidate.program, tests, problem=problem)
        return candidate.model_copy(update={"verdict": verdict})

    async def _passes(self, labelled: LabelledProblem, program: str, tests: str) -> bool:
        problem = labelled.problem
        parsed = parse_tests(tests, entry_point=problem.entry_point)
        return (await check_program(self.sandbox, program, parsed, problem=problem)).passed


async def run_strategy(
    name: str, samples: int, tasks: Sequence[LabelledProblem], judge: Judge, model: str
) -> Row:
    """Solve every task with one strategy."""
    plan = Plan(
        model=resolve_model(model), samples=samples, seed=1, sandbox=judge.sandbox, max_tokens=200
    )
    graph = build_strategy(name, plan)

    async def one(labelled: LabelledProblem) -> tuple[bool, bool, int, int]:
        result = await run_graph(graph, labelled.problem)
        right = await judge.is_right(labelled, result.answer)
        usage = result.usage
        return right, bool(result.solved), usage.completion_tokens, usage.prompt_tokens

    began = time.perf_counter()
    results = await several(one, tasks)
    return Row(
        name=name if samples == 1 else f"{name}, {'at most ' * (name == 'adaptive')}{samples}",
        right=tuple(right for right, *_ in results),
        fooled=sum(solved and not right for right, solved, *_ in results),
        tokens=sum(result[2] for result in results),
        prompt_tokens=sum(result[3] for result in results),
        seconds=time.perf_counter() - began,
    )


def table_of(title: str, rows: Sequence[Row]) -> Table:
    """Return the comparison as a table."""
    table = Table(title=title, title_justify="left")
    for heading in ("strategy", "right", "95 % interval", "fooled", "tokens", "prompt", "s"):
        table.add_column(heading, justify="left" if heading == "strategy" else "right")
    for row in rows:
        low, high = wilson_interval(sum(row.right), len(row.right)) or (0.0, 1.0)
        table.add_row(
            row.name,
            f"{row.accuracy:.1%}",
            f"{low:.1%} to {high:.1%}",
            str(row.fooled),
            f"{row.tokens_each:.0f}",
            f"{row.prompt_tokens / len(row.right):.0f}",
            f"{row.seconds:.0f}",
        )
    return table


@dataclass(frozen=True)
class Failure:
    """A program that fails the visible tests, and the Reviewer's feedback on it."""

    task: LabelledProblem
    candidate: Candidate
    review: Review


class RepairTest:
    """Repair the same failing programs in several ways."""

    def __init__(self, judge: Judge, model: str) -> None:
        self.judge = judge
        self.solver = Solver(resolve_model(model), sampling=Sampling(temperature=0.8, seed=5))
        self.reviewer = Reviewer(resolve_model(model))
        self.refiner = Refiner(resolve_model(model))
        self.tokens: dict[str, int] = {}

    async def candidate(self, task: LabelledProblem) -> Candidate:
        """Return one sample with the verdict of the visible tests."""
        drafts = await self.solver(task.problem)
        entry_point = task.problem.entry_point
        sample = read_candidate(
            drafts.choices[0], task.problem, id="0.0", operator="solve", entry_point=entry_point
        )
        return await self.judge.tried(task, sample)

    async def failure(self, task: LabelledProblem) -> Failure | None:
        """Return a sample with its review if it fails the visible tests."""
        candidate = await self.candidate(task)
        if candidate.verdict is None or candidate.verdict.passed:
            return None
        reviewed = await self.reviewer(task.problem, candidate)
        return Failure(task, candidate, reviewed.review)

    async def repaired(self, way: str, failure: Failure, review: Review) -> bool:
        """Return whether a refinement is right."""
        drafts = await self.refiner(failure.task.problem, failure.candidate, review)
        self._count(way, drafts.usage.completion_tokens)
        return await self._right(failure.task, drafts.choices[0].text)

    async def blind(self, failure: Failure) -> bool:
        """Return whether a refinement is right that saw no evidence of the failure."""
        unseen = without_evidence(failure)
        reviewed = await self.reviewer(failure.task.problem, unseen.candidate)
        return await self.repaired("blind", unseen, reviewed.review)

    async def afresh(self, failure: Failure, samples: int) -> float:
        """Return the share of fresh samples that are right."""
        drafts = await self.solver(failure.task.problem, samples=samples)
        self._count("fresh sample", drafts.usage.completion_tokens // samples)
        rights = [await self._right(failure.task, choice.text) for choice in drafts.choices]
        return sum(rights) / samples

    async def keeps(self, task: LabelledProblem) -> bool | None:
        """Return whether a right program is still right after a review and a refinement."""
        candidate = await self.candidate(task)
        if not await self.judge.is_right(task, candidate.program):
            return None
        reviewed = await self.reviewer(task.problem, candidate)
        drafts = await self.refiner(task.problem, candidate, reviewed.review)
        return await self._right(task, drafts.choices[0].text)

    async def _right(self, task: LabelledProblem, text: str) -> bool:
        return await self.judge.is_right(task, text.strip("\n"))

    def _count(self, way: str, tokens: int) -> None:
        self.tokens[way] = self.tokens.get(way, 0) + tokens


def without_evidence(failure: Failure) -> Failure:
    """Return the failure as if the program had never been run."""
    blank = failure.candidate.model_copy(update={"verdict": None})
    return Failure(failure.task, blank, failure.review)


async def compare_repairs(
    tasks: Sequence[LabelledProblem], judge: Judge, model: str, console: Console
) -> None:
    """Print how often each kind of second attempt gives a right program."""
    test = RepairTest(judge, model)
    failures = [failure for failure in await several(test.failure, tasks) if failure is not None]
    blank = Review(candidate_id="0.0", round=1, approves=False, text="VERDICT: wrong")
    others = [failure.review for failure in failures[1:]] + [
        failure.review for failure in failures[:1]
    ]
    strangers = dict(zip((id(failure) for failure in failures), others, strict=True))
    ways: dict[str, Callable[[Failure], Awaitable[float]]] = {
        "reviewed and refined": lambda each: test.repaired("reviewed", each, each.review),
        "review withheld": lambda each: test.repaired("no review", each, blank),
        "review of another task": lambda each: test.repaired("other", each, strangers[id(each)]),
        "evidence withheld from the Refiner": lambda each: test.repaired(
            "no evidence", without_evidence(each), each.review
        ),
        "evidence withheld from both": test.blind,
        "neither": lambda each: test.repaired("neither", without_evidence(each), blank),
        "fresh sample": lambda each: test.afresh(each, 4),
    }
    table = Table(title=f"{len(failures)} failing programs, tried again", title_justify="left")
    for heading in ("way", "right", "95 % bootstrap interval of the difference to the first"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    first: list[float] = []
    for name, way in ways.items():
        shares = [float(value) for value in await several(way, failures)]
        first = first or shares
        differences = [a - b for a, b in zip(shares, first, strict=True)]
        low, high = bootstrap_interval(differences) or (0.0, 0.0)
        table.add_row(name, f"{sum(shares) / len(shares):.1%}", f"{low:+.1%} to {high:+.1%}")
    console.print(table)
    await print_damage(test, tasks, console)


async def print_damage(
    test: RepairTest, tasks: Sequence[LabelledProblem], console: Console
) -> None:
    """Print how many right programs a refinement broke."""
    kept = [value for value in await several(test.keeps, tasks) if value is not None]
    low, high = wilson_interval(kept.count(False), len(kept)) or (0.0, 1.0)
    console.print(
        f"right programs made wrong by a refinement that nothing guards: "
        f"{kept.count(False)} of {len(kept)} ({low:.1%} to {high:.1%})"
    )


def plot(rows: Sequence[Row], path: Path) -> None:
    """Plot accuracy against tokens; requires matplotlib."""
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    for row in rows:
        low, high = wilson_interval(sum(row.right), len(row.right)) or (0.0, 1.0)
        errors = [[row.accuracy - low], [high - row.accuracy]]
        axes.errorbar(row.tokens_each, row.accuracy, yerr=errors, fmt="o", capsize=3)
        axes.annotate(row.name, (row.tokens_each, row.accuracy), (6, 4), textcoords="offset points")
    axes.set(xlabel="tokens written a task", ylabel="right on hidden tests", xscale="log")
    figure.savefig(path)


async def main() -> None:
    """Run the comparison and print the results as they arrive."""
    parser = argparse.ArgumentParser(description="Compare strategies on the embedded model.")
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--model", default="embedded")
    parser.add_argument(
        "--final",
        action="store_true",
        help="also solve the tasks in free wording that are evaluated only once, at the end",
    )
    parser.add_argument("--plot", type=Path, help="SVG or PNG file for a plot of the comparison")
    options = parser.parse_args()
    console = Console()
    held_out = [
        task.labelled
        for task in generate_tasks(
            "held_out", count=options.tasks, seed=SEED, lengths=LENGTHS, vague_share=VAGUE_SHARE
        )
    ]
    async with Sandbox() as sandbox:
        judge = Judge(sandbox)
        sets = {
            f"{len(held_out)} held-out compositions": held_out,
            "tasks in free wording": [*handwritten_tasks(), *plain_wording_tasks()],
        }
        if options.final:
            sets["tasks in free wording, looked at once"] = list(final_wording_tasks())
        for title, tasks in sets.items():
            rows = [await run_strategy(*run, tasks, judge, options.model) for run in RUNS]
            console.print(table_of(title, rows))
            if options.plot and tasks is held_out:
                plot(rows, options.plot)
        await compare_repairs(held_out, judge, options.model, console)


if __name__ == "__main__":
    asyncio.run(main())
