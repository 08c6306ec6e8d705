"""Run a strategy over training tasks with the engine, and read what it teaches from the exports."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

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
_MOST_TOKENS = 260


class Runs(NamedTuple):
    """What a strategy did on training tasks."""

    lines: tuple[RunLine, ...]
    tokens: int
    """Written by the model, prompts left out."""

    @property
    def examples(self) -> list[Example]:
        """One right answer a task."""
        return [line for line in export(self.lines, "sft") if isinstance(line, Example)]

    @property
    def preferences(self) -> list[Preference]:
        """Each wrong answer against a right one."""
        return [line for line in export(self.lines, "dpo") if isinstance(line, Preference)]

    @property
    def rollouts(self) -> list[Rollout]:
        """Every answer with its reward, the share of the visible tests that it passes."""
        return [line for line in export(self.lines, "rollout") if isinstance(line, Rollout)]


def run_tasks(
    model: Path, tasks: Sequence[GradedTask], *, samples: int, strategy: str = STRATEGY
) -> Runs:
    """Run a strategy over tasks with the model of a GGUF file; runs that fail are left out."""
    problems = [task.labelled for task in tasks]
    lines = asyncio.run(_run(model, problems, samples=samples, strategy=strategy))
    return Runs(tuple(lines), sum(line.result.usage.completion_tokens for line in lines))


async def _run(
    model: Path, problems: Sequence[LabelledProblem], *, samples: int, strategy: str
) -> list[RunLine]:
    async with Sandbox() as sandbox:
        plan = Plan(
            model=trained_model(model, label=model.stem),
            samples=samples,
            seed=1,
            sandbox=sandbox,
            max_tokens=_MOST_TOKENS,
        )
        evaluation = Evaluation(graphs={strategy: build_strategy(strategy, plan)}, sandbox=sandbox)
        outcomes = [each async for each in evaluation.run(problems, done=lambda _: False)]
    lines = [outcome for outcome in outcomes if isinstance(outcome, RunLine)]
    return sorted(lines, key=lambda line: line.problem_id)


def answer_tree(prompt: str, program: str) -> Tree:
    """Return the Solver's document of an exported line."""
    header = header_of(Problem(prompt=prompt))
    tree = Tree()
    read = render(COMPACT2.solver, problem=prompt.strip(), header=header)
    tree.add(-1, read, program.strip("\n").removeprefix(header) or "\n")
    return tree


def write_lines(path: Path, lines: Iterable[Example | Preference | Rollout]) -> None:
    """Write exported lines, so that a trainer of another library can read them."""
    path.write_text("".join(f"{line.model_dump_json()}\n" for line in lines))
