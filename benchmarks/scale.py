"""Measure the memory of a growing evaluation, and the time per problem to write results.

    python benchmarks/scale.py --problems 10000

A scripted model answers immediately, so that only this package is measured: the loop, the sandbox,
the files and the summary. If memory grew with the number of problems, the benchmark would show it.
"""

import argparse
import asyncio
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from refinegraph.agents.models import RateLimits, ScriptedChatModel
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.results_dir import EvaluationFolder, read_runs
from refinegraph.evaluation.running import Evaluation
from refinegraph.evaluation.settings import EvaluationSettings
from refinegraph.evaluation.summary import summarise
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.html.evaluation import evaluation_page
from refinegraph.options import RunOptions
from refinegraph.schema import Gold, LabelledProblem, Problem
from refinegraph.tools.sandbox import Sandbox

PROGRAM = "```python\ndef add(a, b):\n    return a + b\n```"


def problems(count: int) -> Iterator[LabelledProblem]:
    """Yield problems one at a time, without storing them."""
    for number in range(count):
        problem = Problem(
            id=str(number), prompt=f"Write add(a, b). {number}", tests="assert add(1, 2) == 3"
        )
        yield LabelledProblem(problem=problem, gold=Gold(tests="assert add(2, 2) == 4"))


def settings() -> EvaluationSettings:
    """Return the settings of an evaluation without a dataset."""
    return EvaluationSettings(
        version="",
        code="",
        dataset="",
        dataset_digest="",
        strategies=("best-of-n",),
        models=("scripted",),
        options=RunOptions(samples=2),
    )


def megabytes() -> float:
    """Return the peak memory of this process in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def run(count: int, folder: EvaluationFolder) -> float:
    """Evaluate `count` problems; return the seconds spent on writing results."""
    writing = 0.0
    every = max(1, count // 10)
    async with Sandbox() as sandbox:
        plan = Plan(model=ScriptedChatModel(PROGRAM, cycle=True), samples=2, sandbox=sandbox)
        graphs = {"best-of-n": build_strategy("best-of-n", plan)}
        evaluation = Evaluation(graphs, sandbox, rate_limits=RateLimits(8))
        ended = 0
        async for outcome in evaluation.run(problems(count), done=folder.is_done):
            assert isinstance(outcome, RunLine)
            began = time.perf_counter()
            folder.add(outcome)
            writing += time.perf_counter() - began
            ended += 1
            if ended % every == 0:
                print(f"{ended:>6} problems  {megabytes():6.0f} MB", flush=True)
    return writing


def main() -> None:
    """Run the evaluation, then write the summary and the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=10_000)
    count = parser.parse_args().problems
    with TemporaryDirectory() as name:
        path = Path(name) / "out"
        folder = EvaluationFolder(path, settings(), resume=False)
        began = time.perf_counter()
        writing = asyncio.run(run(count, folder))
        seconds = time.perf_counter() - began
        folder.close()
        writing_ms, total_ms = 1000 * writing / count, 1000 * seconds / count
        print(f"writing  {writing_ms:.2f} ms of {total_ms:.1f} per problem")
        summary = summarise(read_runs(path))
        with (path / "report.html").open("w") as file:
            file.writelines(evaluation_page(summary, read_runs(path), title="scale"))
        print(f"summary and page of {summary.problems} problems: {megabytes():.0f} MB")


if __name__ == "__main__":
    main()
