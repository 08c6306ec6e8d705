"""Compare every strategy and published system on one set of problems, at equal cost.

    python benchmarks/gallery.py --out gallery-results --problems 100
    python benchmarks/gallery.py --out gallery-results --model openai/NAME --problems 50
    python benchmarks/gallery.py --out gallery-results --only self-refine,debate

All systems solve the same problems, on the model of the package (programs with hidden tests) and on
simulated models with known rates; `--model` replaces the first. The baseline is `sample-until`,
which samples until a sample passes its tests or the vote is settled. Its accuracy with no more
tokens per problem than a system used is computed from its own runs, and the difference is printed
with a bootstrap interval over the problems. Nothing is extrapolated.

Results are appended problem by problem, so that the same command continues after an interruption
and can add problems or systems. The page is `index.html` in the folder.

A simulated scorer knows more than any vote. Therefore only systems that cannot work without a
scorer receive it; the baseline does not, and the page marks these systems.

A simulated model answers every prompt as if it came from the Solver or the Refiner. For a system
whose idea is the wording of a prompt, these results show the cost of its calls and not the value of
the idea.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gallery_page import write_page
from gallery_rows import BASELINE, Row, read_rows, sizes_of
from rich.console import Console

from refinegraph.agents.memory import SQLiteMemory
from refinegraph.agents.models import (
    SimulatedChatModel,
    SimulatedRates,
    resolve_model,
    run_scope,
    simulated_problems,
)
from refinegraph.embedded.tasks import generate_tasks
from refinegraph.errors import RefinegraphError
from refinegraph.evaluation.judging import find_decider, judge
from refinegraph.evaluation.records import RunLine
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.strategies import Plan, build_strategy, find_strategy, strategy_names
from refinegraph.runs.runner import run_graph
from refinegraph.schema import Candidate, LabelledProblem, Problem, RefinementResult
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.scorers.simulated import simulated_scorer

# More than any system spends on a problem here, so that the baseline reaches their cost.
_BASELINE_SAMPLES = 48
# A search that does not end would hold up all others; what is cut off counts as failed.
_SECONDS_A_PROBLEM = 120.0
_AT_ONCE = 4
"""Problems in progress at the same time: a choice."""
# The composition and the wording of tasks that about half of the samples solve.
_LENGTHS, _SEED = (3, 3, 4, 4), 91_000


@dataclass(frozen=True)
class Setting:
    """A model and its problems."""

    name: str
    problems: Sequence[LabelledProblem]
    plan: Callable[[], Plan]
    """Creates plans that share neither models nor memory."""
    provides: frozenset[str]
    """The needs of strategies that the plan meets."""


def simulated(name: str, rates: SimulatedRates, *, quality: float, count: int) -> Setting:
    """Return a simulated model with a scorer of known quality."""
    problems = simulated_problems(count)
    gold = {problem.problem.id: problem.gold.answer for problem in problems}

    def is_right(problem: Problem, candidate: Candidate) -> bool:
        return candidate.answer == gold[problem.id]

    def plan() -> Plan:
        scorer = simulated_scorer(is_right, quality=quality)
        memory = SQLiteMemory(":memory:")
        model = SimulatedChatModel(rates)
        return Plan(model=model, kind="math", seed=0, scorer=scorer, memory=memory)

    return Setting(name, problems, plan, frozenset({"scorer", "memory"}))


def with_model(model: str, count: int) -> Setting:
    """Return a real model with programming tasks."""
    tasks = generate_tasks("held_out", count=count, seed=_SEED, lengths=_LENGTHS, vague_share=0.6)
    sandbox = Sandbox()

    def plan() -> Plan:
        memory = SQLiteMemory(":memory:")
        return Plan(
            model=resolve_model(model), seed=0, max_tokens=200, sandbox=sandbox, memory=memory
        )

    provides = ("memory", "logprobs", "likelihood") if model == "embedded" else ("memory",)
    return Setting(model, [task.labelled for task in tasks], plan, frozenset(provides))


def settings(model: str | None, count: int) -> list[Setting]:
    """Return the real model, and two simulated ones unless a model was named."""
    real = with_model(model or "embedded", count)
    if model:
        return [real]
    repairing = SimulatedRates(accuracy=0.5, fix=0.4, damage=0.05)
    damaging = SimulatedRates(accuracy=0.5, fix=0.1, damage=0.3)
    return [
        simulated("simulated, repair pays", repairing, quality=1.0, count=count),
        simulated("simulated, repair damages", damaging, quality=1.0, count=count),
        real,
    ]


def runnable(setting: Setting, only: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the strategies that the setting can run, and why it cannot run the others."""
    names = [find_strategy(name).name for name in only] or list(strategy_names())
    missing = {
        name: ", ".join(need for need in find_strategy(name).needs if need not in setting.provides)
        for name in dict.fromkeys([BASELINE, *names])
    }
    return [name for name, why in missing.items() if not why], {
        name: f"needs {why}" for name, why in missing.items() if why
    }


async def solved(
    setting: Setting, name: str, done: set[tuple[str, str, str]]
) -> AsyncIterator[Row]:
    """Yield a row for every unfinished problem as it finishes, several problems at a time."""
    plan = setting.plan()
    if "scorer" not in find_strategy(name).needs:
        plan = replace(plan, scorer=None)
    if name == BASELINE:
        plan = replace(plan, samples=_BASELINE_SAMPLES)
    try:
        graph = build_strategy(name, plan)
    except RefinegraphError as error:
        reason = str(error)
        for problem in setting.problems:
            if (setting.name, name, problem.problem.id) not in done:
                yield _failed(setting, name, problem, reason)
        return
    left = [
        problem
        for problem in setting.problems
        if (setting.name, name, problem.problem.id) not in done
    ]
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(labelled: LabelledProblem) -> Row:
        async with places:
            return await _row(setting, name, graph, plan, labelled)

    for coming in asyncio.as_completed([asyncio.ensure_future(one(task)) for task in left]):
        yield await coming


async def _row(
    setting: Setting, name: str, graph: RefinementGraph, plan: Plan, labelled: LabelledProblem
) -> Row:
    decide = find_decider(labelled, plan.sandbox or Sandbox())
    assert decide
    try:
        with run_scope():
            result = await run_graph(graph, labelled.problem, timeout=_SECONDS_A_PROBLEM)
        rights = await judge(result, decide)
    except Exception as error:  # a system that fails is a row of the page, not the end of it
        return _failed(setting, name, labelled, f"{type(error).__name__}: {error}")
    line = _line(labelled, name, result, rights)
    return Row(
        setting=setting.name,
        strategy=name,
        problem=labelled.problem.id,
        right=bool(line.correct),
        tokens=result.usage.total_tokens,
        calls=result.usage.llm_calls,
        sizes=sizes_of(line) if name == BASELINE else (),
    )


def _line(
    labelled: LabelledProblem, name: str, result: RefinementResult, rights: dict[str, bool]
) -> RunLine:
    return RunLine(
        problem_id=labelled.problem.id,
        strategy=name,
        prompt=labelled.problem.prompt,
        kind=labelled.problem.kind,
        correct=rights.get(result.selection.candidate_id or "", False),
        candidates_correct=tuple(rights.items()),
        result=result,
    )


def _failed(setting: Setting, name: str, labelled: LabelledProblem, reason: str) -> Row:
    return Row(setting.name, name, labelled.problem.id, False, 0, 0, error=reason[:200])


async def measure(
    chosen: Iterable[Setting], only: Sequence[str], file: Path, deadline: float
) -> None:
    """Append the missing rows; no strategy is started after the deadline."""
    console = Console(stderr=True)
    done = {row.key for row in read_rows(file) if not row.error}
    with file.open("a", encoding="utf-8") as out:
        for setting in chosen:
            names, _ = runnable(setting, only)
            for number, name in enumerate(names, 1):
                if time.monotonic() > deadline:
                    console.print("The time is up; the same command continues.")
                    return
                began = time.monotonic()
                async for row in solved(setting, name, done):
                    out.write(json.dumps(row._asdict()) + "\n")
                    out.flush()
                seconds = time.monotonic() - began
                console.print(f"{setting.name}: {number}/{len(names)} {name} {seconds:.0f} s")


def main() -> None:
    """Run the benchmark and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder of the results; existing results are kept")
    add("--problems", type=int, default=100)
    add("--model", help="instead of the package's model and the simulated ones")
    add("--only", default="", help="comma-separated strategies to run besides the baseline")
    add("--minutes", type=float, default=float("inf"), help="start no strategy after this time")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    only = [name for name in options.only.split(",") if name]
    chosen = settings(options.model, options.problems)
    deadline = time.monotonic() + 60 * options.minutes
    file = options.out / "rows.jsonl"
    try:
        asyncio.run(measure(chosen, only, file, deadline))
    except KeyboardInterrupt:
        print("Interrupted; the same command continues.", file=sys.stderr)
    left_out = {setting.name: runnable(setting, only)[1] for setting in chosen}
    page = options.out / "index.html"
    write_page(page, read_rows(file), left_out)
    print(page)


if __name__ == "__main__":
    main()
