"""Measure batches over several workers: memory, throughput, random kills and shared limits.

    python benchmarks/batches.py                      # a minute or two
    python benchmarks/batches.py --problems 10000 --workers 8 --kills 50
    python benchmarks/batches.py --memory 100000

A local mock server answers, so that only this package is measured. Every figure is printed with its
goal, and the exit code is 1 if a goal is missed.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from chat_server import ChatServer, chat_server
from langchain_core.messages import BaseMessage

import refinegraph as rg
from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.models.types import Choice, Completion, Sampling

COMMAND = [sys.executable, "-m", "refinegraph"]
PROMPT, WRITTEN = 20, 5
"""Tokens per call, as the mock server counts them."""
USD = 1_000
"""Prices of a million tokens; a call costs a few cents."""
STRATEGY = ("--strategy", "self-refine", "--rounds", "1", "--kind", "math", "--learn", "off")


class Answering(SamplingChatModel):
    """A model that answers immediately and stores nothing, so that only the batch uses memory."""

    @property
    def endpoint(self) -> Endpoint:
        """Return the model's name."""
        return Endpoint("answering")

    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Return the answer 4."""
        return Completion(tuple(Choice(text="\\boxed{4}", finish_reason="stop") for _ in range(n)))

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return None, because no call has a price."""
        return 0.0

    @property
    def _llm_type(self) -> str:
        return "answering"


def questions(count: int) -> Iterator[dict[str, Any]]:
    """Yield problems one at a time, without storing them in a list."""
    return ({"prompt": f"What is 2 + 2? ({n})", "kind": "math", "page": n} for n in range(count))


def megabytes() -> float:
    """Return the current memory of this process in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


async def memory(count: int, folder: Path) -> bool:
    """Solve `count` problems in this process; return whether memory stayed constant."""
    sizes: list[float] = []
    every, began = max(1, count // 10), time.perf_counter()
    ended = 0
    options: dict[str, Any] = {"strategy": "single", "out": folder / "memory.jsonl"}
    async for record in rg.solve_many(questions(count), model=Answering(), **options):
        assert record.answer == "4", record
        ended += 1
        if ended % every == 0:
            sizes.append(megabytes())
            rate = ended / (time.perf_counter() - began)
            print(f"{ended:>7,} problems  {sizes[-1]:5.0f} MB  {rate:5.0f}/s", flush=True)
    growth = (sizes[-1] - sizes[0]) / (0.9 * count) * 1e6
    print(f"memory grew by {growth:.0f} bytes per problem after the first tenth (goal: below 64)")
    return growth < 64


async def finish(command: Sequence[str]) -> tuple[int, str]:
    """Run a command to its end; return its exit code and output."""
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    output = (await process.communicate())[1].decode()
    return int(process.returncode or 0), output


async def until_done(command: Sequence[str], kills: int, chance: random.Random) -> int:
    """Run a command, kill it at random moments and resume it; return the number of kills."""
    killed = 0
    while True:
        process = await asyncio.create_subprocess_exec(
            *command, "--resume", stderr=asyncio.subprocess.DEVNULL
        )
        try:
            # A start takes about two seconds; the rest is the work.
            seconds = chance.uniform(0.5, 6) if killed < kills else None
            await asyncio.wait_for(process.wait(), seconds)
            if process.returncode:
                raise SystemExit(f"a worker ended with exit code {process.returncode}")
            return killed
        except TimeoutError:
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            killed += 1


async def shards(options: argparse.Namespace, folder: Path, server: ChatServer) -> bool:
    """Kill workers at random, merge their results, and compare them with a run of one process."""
    source, whole = folder / "in.jsonl", folder / "whole.jsonl"
    source.write_text(
        "".join(json.dumps(question) + "\n" for question in questions(options.problems))
    )
    flags = ("--model", "openai/mock", "--api-base", server.base, *STRATEGY)
    common = (*COMMAND, "batch", str(source), *flags)
    began = time.perf_counter()
    assert (await finish((*common, "--out", str(whole), "--in-order")))[0] == 0
    alone = time.perf_counter() - began
    calls = server.calls()
    parts = [folder / f"part-{number}.jsonl" for number in range(1, options.workers + 1)]
    began = time.perf_counter()
    killed = await asyncio.gather(
        *(
            until_done(
                (*common, "--out", str(part), "--shard", f"{number}/{options.workers}"),
                options.kills // options.workers + (number <= options.kills % options.workers),
                random.Random(number),
            )
            for number, part in enumerate(parts, 1)
        )
    )
    together = time.perf_counter() - began
    paid = server.calls() - calls
    merged = folder / "merged.jsonl"
    code, output = await finish((*COMMAND, "merge", *map(str, parts), "--out", str(merged)))
    assert code == 0, output
    same = merged.read_bytes() == whole.read_bytes()
    pages = Counter(json.loads(line)["page"] for line in merged.open())
    once = set(pages.values()) == {1} and len(pages) == options.problems
    print(f"one process: {alone:.0f} s; {options.workers} workers: {together:.0f} s")
    print(f"killed {sum(killed)} times; every problem answered exactly once: {once}")
    print(f"merged output equals that of one process: {same}")
    max_cut_off = sum(killed) * 8
    print(f"calls: {paid:,}, {calls:,} without kills; at most {max_cut_off} were cut off")
    return same and once and calls <= paid <= calls + max_cut_off


def at_once(options: argparse.Namespace, folder: Path, server: ChatServer, *flags: str) -> Any:
    """Run every shard of the problems concurrently, with the same flags."""
    source = folder / "limited.jsonl"
    source.write_text(
        "".join(json.dumps(question) + "\n" for question in questions(options.problems))
    )
    model = ("--model", "openai/mock", "--api-base", server.base, "--strategy", "single")
    outs = Path(mkdtemp(dir=folder))
    return asyncio.gather(
        *(
            finish(
                (
                    *(*COMMAND, "batch", str(source), *model, *flags),
                    *("--shard", f"{n}/{options.workers}", "--out", f"{outs}/{n}.jsonl"),
                )
            )
            for n in range(1, options.workers + 1)
        )
    )


async def limits(options: argparse.Namespace, folder: Path, server: ChatServer) -> bool:
    """Cap calls and USD over all workers, with a shared ledger and with separate ones."""
    cap = options.problems // 2
    usd = cap * (PROMPT + WRITTEN) / 1e6 * USD
    kept = True
    for words, flags in (
        (f"{cap:,} calls", ("--budget-calls", str(cap))),
        (f"{usd:g} USD", ("--budget-usd", f"{usd:g}", "--prices", f"{USD},{USD}")),
    ):
        for name, more in (
            ("one ledger", ("--ledger", str(folder / f"{flags[0]}.sqlite"))),
            ("a ledger each", ()),
        ):
            before = server.calls()
            await at_once(options, folder, server, *flags, *more)
            share = (server.calls() - before) / cap
            print(f"cap of {words}, {name}: {share:.1%} spent", flush=True)
            kept &= not more or 0.99 <= share <= 1
    return kept


async def rates(options: argparse.Namespace, folder: Path, server: ChatServer) -> bool:
    """Enforce a rate limit over all workers, with a shared ledger and with separate limits."""
    kept = True
    for name, more in (
        ("one ledger", ("--ledger", str(folder / "rates.sqlite"))),
        ("limits each", ()),
    ):
        flags = ("--requests-per-minute", str(options.rate), *more)
        times = asyncio.create_task(_times_of_calls(server, options.problems))
        await at_once(options, folder, server, *flags)
        seen = await times
        # A tenth of a minute's requests may come at once, the others one after the other.
        burst = options.rate / 10
        end, calls = seen[-1]
        share = calls / (burst + options.rate / 60 * end)
        peak = max(count / (burst + options.rate / 60 * seconds) for seconds, count in seen)
        print(f"{options.rate:,} requests per minute, {name}: {share:.1%} of the limit", end="")
        print(f" after {end:.0f} s, {peak:.1%} at its peak", flush=True)
        kept &= not more or peak <= 1.01
    return kept


async def _times_of_calls(server: ChatServer, count: int) -> list[tuple[float, int]]:
    """Return the seconds since the first call, with the number of calls made by then."""
    before = await asyncio.to_thread(server.calls)
    began, seen = 0.0, list[tuple[float, int]]()
    while not seen or seen[-1][1] < count:
        calls = await asyncio.to_thread(server.calls) - before
        if calls:
            began = began or time.perf_counter()
            seen.append((time.perf_counter() - began, calls))
        await asyncio.sleep(0.02)
    return seen


async def run(options: argparse.Namespace) -> bool:
    """Run the requested measurements."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        if options.memory:
            return await memory(options.memory, folder)
        async with chat_server(options.latency, text="\\boxed{4}") as server:
            parts = [shards] * (not options.only_limits) + [limits, rates]
            return all([await part(options, folder, server) for part in parts])


def main() -> None:
    """Parse the arguments; return 1 if a goal was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--rate", type=int, default=1_200, help="requests per minute")
    parser.add_argument("--only-limits", action="store_true", help="kill no workers")
    parser.add_argument("--memory", type=int, metavar="N", help="solve N problems in one process")
    sys.exit(not asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
