"""The memory of a batch of many problems: of one process, or of a Ray driver and its workers.

    python benchmarks/batch_memory.py --problems 100000
    python benchmarks/batch_memory.py --problems 100000 --workers 2

The model answers at once and remembers nothing, so that what grows is the batch's own. The command
ends with 1 where a process grew by 64 bytes a problem or more after the first fifth.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from langchain_core.messages import BaseMessage

import refinegraph as rg
from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.models.types import Choice, Completion, Sampling

MOST = 64.0
"""Bytes a problem: the driver keeps eight for the digest of each record, and an allocator that
rounds up to pages adds some noise."""
ACTORS = {"ray::BatchWorker": "worker", "ray::SharedBooks": "keeper of answers"}


class Answering(SamplingChatModel):
    """Answers at once and remembers nothing."""

    @property
    def endpoint(self) -> Endpoint:
        """Return its name."""
        return Endpoint("answering")

    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Answer 4."""
        return Completion(tuple(Choice(text="\\boxed{4}", finish_reason="stop") for _ in range(n)))

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return zero."""
        return 0.0

    @property
    def _llm_type(self) -> str:
        return "answering"


def questions(count: int) -> Iterator[dict[str, Any]]:
    """Yield problems that no list holds."""
    return ({"prompt": f"What is 2 + 2? ({n})", "kind": "math", "page": n} for n in range(count))


def sizes() -> dict[str, float]:
    """Return the memory in bytes of this process and of each actor that it started."""
    own = psutil.Process()
    found = {"driver": float(own.memory_info().rss)}
    for child in own.children(recursive=True):
        words = " ".join(child.cmdline())
        name = next((name for mark, name in ACTORS.items() if mark in words), None)
        if name:
            found[f"{name} {child.pid}"] = float(child.memory_info().rss)
    return found


async def measured(count: int, workers: int, out: Path) -> list[dict[str, float]]:
    """Solve so many problems; return the memory after each tenth of them."""
    cluster: dict[str, Any] = {"cluster": "ray", "workers_per_node": workers} if workers else {}
    records = rg.solve_many(
        questions(count), model=Answering(), strategy="single", learn="off", out=out, **cluster
    )
    every, began, ended = max(1, count // 10), time.perf_counter(), 0
    states: list[dict[str, float]] = []
    async for record in records:
        assert record.answer == "4", record
        ended += 1
        if ended % every == 0:
            states.append(sizes())
            megabytes = "  ".join(f"{size / 1e6:5.0f}" for size in states[-1].values())
            rate = ended / (time.perf_counter() - began)
            print(f"{ended:>7,} problems  {rate:5.0f}/s  MB: {megabytes}", flush=True)
    return states


def is_flat(states: Sequence[dict[str, float]], count: int) -> bool:
    """Print by how much each process grew after the first fifth; return whether all stayed flat."""
    first, last = states[1], states[-1]
    flat = True
    for name in first.keys() & last.keys():
        growth = (last[name] - first[name]) / (0.8 * count)
        print(f"{name}: {first[name] / 1e6:.0f} MB, then {growth:+.0f} bytes a problem")
        flat &= growth < MOST
    return flat and first.keys() == last.keys()


def main() -> None:
    """Read the arguments and end with 1 where memory grew."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=0, help="of a Ray cluster; 0 for none")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        out = Path(folder, "out.jsonl")
        states = asyncio.run(measured(options.problems, options.workers, out))
    sys.exit(not is_flat(states, options.problems))


if __name__ == "__main__":
    main()
