"""Compare strategies on the model that ships with the package.

    python benchmarks/embedded.py --tasks 500

The tasks are compositions that the model never saw in training, and tasks written by hand in free
wording. Every strategy solves the same tasks with the real model, graph and sandbox, and hidden
tests judge the answers afterwards. `effect.py` compares repairs with samples at equal cost.
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

from refinegraph.agents.models import resolve_model
from refinegraph.embedded.tasks import graded_tasks, handwritten_tasks
from refinegraph.embedded.tasks.final_wording import final_wording_tasks
from refinegraph.embedded.tasks.plain_wording import plain_wording_tasks
from refinegraph.errors import ModelAbstained
from refinegraph.evaluation.statistics import wilson_interval
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.runs.runner import run_graph
from refinegraph.schema import LabelledProblem
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases import parse_tests
from refinegraph.tools.test_cases.checking import check_program

RUNS = (
    ("single", 1),
    ("self-consistency", 16),
    ("best-of-n", 4),
    ("best-of-n", 8),
    ("best-of-n", 16),
    ("sample-until", 16),
    ("sample-until", 40),
    ("self-refine", 1),
    ("magicore", 8),
    ("adaptive", 16),
    ("adaptive", 40),
)
UNTIL = ("sample-until", "adaptive")
"""Strategies that stop as soon as a candidate passes the visible tests."""
SEED = 90_000
"""Of the tasks: no other benchmark draws from it."""
STEPS, VAGUE = (2, 3, 4, 5, 6, 8), (0, 1, 2, 3)
"""The numbers of steps, and of those that the statement leaves to the examples: about half of the
samples fail."""
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
        try:
            result = await run_graph(graph, labelled.problem)
        except ModelAbstained:  # its first answer, of a few tokens
            return False, False, 0, 0
        right = await judge.is_right(labelled, result.answer)
        usage = result.usage
        return right, bool(result.solved), usage.completion_tokens, usage.prompt_tokens

    began = time.perf_counter()
    results = await several(one, tasks)
    return Row(
        name=name if samples == 1 else f"{name}, {'at most ' * (name in UNTIL)}{samples}",
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
        for task in graded_tasks(
            "held_out", count=options.tasks, seed=SEED, steps=STEPS, vague=VAGUE, plain=True
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


if __name__ == "__main__":
    asyncio.run(main())
