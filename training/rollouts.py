"""Run a strategy over training tasks with the engine, and export training data from the runs."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from refinegraph.agents.models.providers.local_chat import trained_model
from refinegraph.agents.prompts import COMPACT2
from refinegraph.embedded.tasks import GradedTask
from refinegraph.evaluation.export import Example, Preference, Rollout, export
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.running import Evaluation
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.schema import LabelledProblem, Problem
from refinegraph.tools.sandbox import Sandbox
from training.branches import Tree
from training.roles import header_of, render

STRATEGY = "best-of-n"
_MAX_TOKENS = 260
"""Maximum tokens of an answer: a program of ten steps has about 110."""
_FILES = ("sft", "dpo", "rollout")
_Line = TypeVar("_Line", Example, Preference, Rollout)


class Runs(NamedTuple):
    """The training data from the runs of a strategy."""

    examples: tuple[Example, ...]
    """One right answer per task."""
    preferences: tuple[Preference, ...]
    """Pairs of a right and a wrong answer, one for each wrong answer."""
    rollouts: tuple[Rollout, ...]
    """Every answer with its reward, the share of the visible tests that it passes."""
    tokens: int
    """The tokens that the model wrote; prompts do not count."""


def run_tasks(
    model: Path, tasks: Sequence[GradedTask], *, samples: int, strategy: str = STRATEGY
) -> Runs:
    """Run a strategy over tasks with the model in a GGUF file; failed runs are omitted."""
    problems = [task.labelled for task in tasks]
    lines = asyncio.run(_run(model, problems, samples=samples, strategy=strategy))
    return Runs(
        _of_type(Example, export(lines, "sft")),
        _of_type(Preference, export(lines, "dpo")),
        _of_type(Rollout, export(lines, "rollout")),
        sum(line.result.usage.completion_tokens for line in lines),
    )


def write_runs(runs: Runs, folder: Path, number: int) -> None:
    """Write the runs of a round to files that trainers of other libraries can read."""
    for name, lines in zip(_FILES, runs, strict=False):
        assert isinstance(lines, tuple)
        path = folder / f"{number}-{name}.jsonl"
        path.write_text("".join(f"{line.model_dump_json()}\n" for line in lines))
    (folder / f"{number}-tokens.txt").write_text(f"{runs.tokens}\n")


def read_runs(folder: Path, number: int) -> Runs | None:
    """Return the runs of a round that were written completely, or None."""
    tokens = folder / f"{number}-tokens.txt"
    if not tokens.exists():
        return None
    sft, dpo, rollout = (
        (folder / f"{number}-{name}.jsonl").read_text().splitlines() for name in _FILES
    )
    return Runs(
        tuple(map(Example.model_validate_json, sft)),
        tuple(map(Preference.model_validate_json, dpo)),
        tuple(map(Rollout.model_validate_json, rollout)),
        int(tokens.read_text()),
    )


def _of_type(kind: type[_Line], lines: Iterable[object]) -> tuple[_Line, ...]:
    return tuple(line for line in lines if isinstance(line, kind))


async def _run(
    model: Path, problems: Sequence[LabelledProblem], *, samples: int, strategy: str
) -> list[RunLine]:
    async with Sandbox() as sandbox:
        plan = Plan(
            model=trained_model(model, label=model.stem),
            samples=samples,
            seed=1,
            sandbox=sandbox,
            max_tokens=_MAX_TOKENS,
        )
        evaluation = Evaluation(graphs={strategy: build_strategy(strategy, plan)}, sandbox=sandbox)
        outcomes = [outcome async for outcome in evaluation.run(problems, done=lambda _: False)]
    lines = [outcome for outcome in outcomes if isinstance(outcome, RunLine)]
    return sorted(lines, key=lambda line: line.problem_id)


def answer_tree(prompt: str, program: str) -> Tree:
    """Return the Solver's document for an exported line."""
    header = header_of(Problem(prompt=prompt))
    tree = Tree()
    read = render(COMPACT2.solver, problem=prompt.strip(), header=header)
    tree.add(-1, read, program.strip("\n").removeprefix(header) or "\n")
    return tree
