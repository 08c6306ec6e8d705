"""Solve many problems from a file at once, limit the calls in flight, judge by hidden tests."""

import asyncio
import json
import tempfile
from pathlib import Path

from refinegraph.agents.models import RateLimits, resolve_model, run_scope
from refinegraph.datasets import load_dataset
from refinegraph.embedded.tasks import generate_tasks
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.schema import LabelledProblem
from refinegraph.tools import Sandbox

graph = build_strategy("adaptive", Plan(model=resolve_model("embedded"), seed=1))


def write_dataset(path: Path, count: int) -> None:
    """Write problems in refinegraph's own format."""
    tasks = generate_tasks("held_out", count=count, seed=8)
    with path.open("w") as file:
        for task in tasks:
            problem, gold = task.labelled
            record = {"id": problem.id, "prompt": problem.prompt, "tests": problem.tests}
            file.write(json.dumps({**record, "hidden_tests": gold.tests}) + "\n")


async def is_right(labelled: LabelledProblem, sandbox: Sandbox) -> bool:
    """Solve one problem and judge the answer by tests that no agent saw."""
    result = (await graph.ainvoke({"problem": labelled.problem}))["result"]
    verdict = await sandbox.test(
        result.answer or "", labelled.gold.tests, entry_point=labelled.problem.entry_point
    )
    return verdict.passed


async def main() -> None:
    """Solve a small dataset."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tasks.jsonl"
        write_dataset(path, 12)
        problems = list(load_dataset(path))
    async with Sandbox() as sandbox:
        with run_scope(rate_limits=RateLimits(8)):
            right = await asyncio.gather(*(is_right(problem, sandbox) for problem in problems))
    print(f"{sum(right)} of {len(right)} right")


if __name__ == "__main__":
    asyncio.run(main())
