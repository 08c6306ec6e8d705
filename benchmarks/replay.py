"""What refinement is worth on recorded generations of a real model.

    python benchmarks/replay.py --problems humaneval.jsonl --server http://127.0.0.1:8123

The server plays recorded samples of CodeGen-16B (temperature 0.8) over HTTP; every strategy runs
through the real model layer, graph and sandbox. Answers are judged by the hidden tests, in the
sandbox, after the run. Printed: accuracy with its 95 % Wilson interval, samples, calls, tokens.
"""

import argparse
import asyncio
import math
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass

from refinegraph.agents.models import resolve_model
from refinegraph.datasets import load_dataset
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.running import run_graph
from refinegraph.schema import LabelledProblem, RefinementResult
from refinegraph.tools.sandbox import Sandbox

RUNS = (("single", 1), ("best-of-n", 10), ("adaptive", 10), ("self-consistency", 10))


@dataclass
class Row:
    """One strategy over all problems."""

    strategy: str
    right: list[bool]
    visible: list[bool | None]
    samples: int = 0
    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        """One line of the table."""
        low, high = wilson(sum(self.right), len(self.right))
        wrongly = sum(
            seen is True and not right for seen, right in zip(self.visible, self.right, strict=True)
        )
        return (
            f"{self.strategy:<18}{sum(self.right) / len(self.right):>7.1%}"
            f"  {low:>5.1%} to {high:<6.1%}{self.samples / len(self.right):>8.2f}"
            f"{self.calls:>7}{self.tokens:>9}{wrongly:>9}{self.seconds:>8.1f}"
        )


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson score interval of a share."""
    share = right / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return (middle - spread) / scale, (middle + spread) / scale


async def judge(sandbox: Sandbox, labelled: LabelledProblem, result: RefinementResult) -> bool:
    """Say whether the hidden tests accept the answer."""
    if result.answer is None:
        return False
    problem, gold = labelled
    verdict = await sandbox.test(
        result.answer, gold.tests, preamble=problem.preamble, entry_point=problem.entry_point
    )
    return verdict.passed


async def run_strategy(
    name: str, samples: int, problems: Sequence[LabelledProblem], options: argparse.Namespace
) -> Row:
    """Run one strategy over all problems, some at a time."""
    reset(options.server)
    base = f"{options.server}/v1"
    places = asyncio.Semaphore(options.concurrency)
    row = Row(name, [], [])
    async with Sandbox() as sandbox:
        plan = Plan(
            model=resolve_model(options.model, api_base=base, api_key="none"),
            tester_model=resolve_model(options.tester_model, api_base=base, api_key="none"),
            samples=samples,
            sandbox=sandbox,
        )
        graph = build_strategy(name, plan)

        async def one(labelled: LabelledProblem) -> tuple[RefinementResult, bool]:
            async with places:
                result = await run_graph(graph, labelled.problem)
                return result, await judge(sandbox, labelled, result)

        began = time.perf_counter()
        for result, right in await asyncio.gather(*map(one, problems)):
            row.right.append(right)
            row.visible.append(result.solved)
            row.samples += len(result.candidates)
            row.calls += result.usage.llm_calls
            row.tokens += result.usage.total_tokens
        row.seconds = time.perf_counter() - began
    return row


def reset(server: str) -> None:
    """Let every problem start at its first recorded sample again."""
    urllib.request.urlopen(urllib.request.Request(f"{server}/reset", method="POST")).read()


async def main() -> None:
    """Run the comparison and print it as it comes."""
    parser = argparse.ArgumentParser(description="Compare strategies on recorded samples.")
    parser.add_argument("--problems", required=True, help="HumanEval as JSON lines")
    parser.add_argument("--server", default="http://127.0.0.1:8123")
    parser.add_argument("--model", default="openai/codegen-solver")
    parser.add_argument("--tester-model", default="openai/codegen-tester")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--every", type=int, default=2, help="take every n-th problem")
    options = parser.parse_args()
    problems = list(load_dataset(options.problems))[:: options.every]
    print(f"{len(problems)} problems, {options.model}")
    print(
        f"{'strategy':<18}{'right':>7}  {'95 % interval':<15}{'samples':>8}{'calls':>7}"
        f"{'tokens':>9}{'fooled':>9}{'s':>8}"
    )
    for name, samples in RUNS:
        print(await run_strategy(name, samples, problems, options), flush=True)
    print("fooled: visible tests passed, hidden tests failed")


if __name__ == "__main__":
    asyncio.run(main())
