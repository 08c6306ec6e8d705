"""Repeat the comparison of MAgICoRe (arXiv 2409.12147) on its five datasets with any model.

    python benchmarks/magicore.py --data FOLDER --model ollama_chat/llama3:8b --samples 8

The folder contains gsm8k, math, svamp, sat and mmlu as JSON lines of `question` and `gold_answer`.
Candidates are scored by the model itself as a judge of steps, or by a served reward model. For
every dataset, the benchmark prints self-consistency and best-of-k with k and with 3k samples,
self-refine with the cost of k and of 3k samples, and magicore and adaptive with k samples, each
with its tokens.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from refinegraph.agents import StepJudge
from refinegraph.agents.models import RateLimits, resolve_model
from refinegraph.datasets import load_dataset, select_problems
from refinegraph.errors import InputError
from refinegraph.evaluation.failures import Failed
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.running import Evaluation
from refinegraph.evaluation.summary import summarise
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.routing import ScoreCalibration
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.graphs.strategies.magicore_options import MagicoreOptions
from refinegraph.schema import LabelledProblem
from refinegraph.terminal.evaluation_table import comparison_lines, summary_lines
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.scorers import RewardModel, Scorer

SETS = ("gsm8k", "math", "svamp", "sat", "mmlu")


def graphs_of(plan: Plan, samples: int) -> dict[str, RefinementGraph]:
    """Return the strategies to compare, by names that contain their size."""
    k, three = samples, 3 * samples
    sized = {
        f"self-consistency@{k}": ("self-consistency", replace(plan, samples=k)),
        f"self-consistency@{three}": ("self-consistency", replace(plan, samples=three)),
        f"best-of-n@{k}": ("best-of-n", replace(plan, samples=k)),
        f"best-of-n@{three}": ("best-of-n", replace(plan, samples=three)),
        f"self-refine@{k}": ("self-refine", replace(plan, rounds=max(1, k // 2))),
        f"self-refine@{three}": ("self-refine", replace(plan, rounds=max(1, three // 2))),
        f"magicore@{k}": ("magicore", replace(plan, samples=k)),
        f"adaptive@{k}": ("adaptive", replace(plan, samples=k)),
    }
    return {name: build_strategy(strategy, plan) for name, (strategy, plan) in sized.items()}


async def compare(
    problems: Sequence[LabelledProblem], options: argparse.Namespace, console: Console
) -> None:
    """Run all strategies on one dataset and print the table."""
    async with Sandbox() as sandbox:
        plan = Plan(
            model=resolve_model(options.model, api_base=options.api_base),
            kind=problems[0].problem.kind,
            scorer=_scorer(options),
            magicore=_magicore(options),
            seed=options.seed,
            max_tokens=options.max_tokens,
            sandbox=sandbox,
        )
        graphs = graphs_of(plan, options.samples)
        evaluation = Evaluation(graphs, sandbox, rate_limits=RateLimits(options.concurrency))
        runs: list[RunLine] = []
        failed = 0
        async for outcome in evaluation.run(problems, done=lambda key: False):
            if isinstance(outcome, Failed):
                failed += 1
            else:
                runs.append(outcome)
    summary = summarise(runs, strategies=list(graphs))
    for line in summary_lines(summary, width=console.width):
        console.print(line, soft_wrap=True)
    for line in comparison_lines(summary):
        console.print(line)
    if failed:
        console.print(f"{failed} runs failed and are not counted")


def _scorer(options: argparse.Namespace) -> Scorer:
    if options.reward_model:
        return RewardModel(options.reward_url, options.reward_model, format=options.reward_format)
    return StepJudge(resolve_model(options.model, api_base=options.api_base))


def _magicore(options: argparse.Namespace) -> MagicoreOptions:
    if options.calibration is None:
        return MagicoreOptions()
    calibration = ScoreCalibration.load(options.calibration)
    return MagicoreOptions.published(calibration, samples=options.samples)


async def main() -> None:
    """Run the comparison on every dataset in the folder."""
    parser = argparse.ArgumentParser(description="Repeat MAgICoRe's comparison.")
    parser.add_argument("--data", type=Path, required=True, help="folder with the five datasets")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--model", required=True)
    parser.add_argument("--api-base")
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--limit", type=int, default=20, help="problems per dataset")
    parser.add_argument("--max-tokens", type=int, default=1000)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reward-url", default="http://127.0.0.1:8000")
    parser.add_argument("--reward-model", help="served reward model; by default the model judges")
    parser.add_argument("--reward-format", default="qwen-prm")
    parser.add_argument(
        "--calibration", type=Path, help="mean and deviation for the published options"
    )
    options = parser.parse_args()
    console = Console(highlight=False)
    for name in options.sets.split(","):
        file = options.data / f"{name}.jsonl"
        problems = list(
            select_problems(load_dataset(file), limit=options.limit, shuffle_seed=options.seed)
        )
        if not problems:
            raise InputError(f"{file} contains no problem.")
        console.rule(f"{name}: {len(problems)} problems")
        await compare(problems, options, console)


if __name__ == "__main__":
    asyncio.run(main())
