"""Many problems over several workers: limits that hold over all of them, throughput, memory.

    python benchmarks/batches.py                      # a minute or two
    python benchmarks/batches.py limits --problems 2000 --workers 8
    python benchmarks/batches.py rates --problems 6500 --workers 8 --rate 3000
    python benchmarks/batches.py --memory 100000

A mock server answers on the loopback, so that what is measured is ours. Every figure stands beside
what it has to be, and the command ends with 1 where one is missed.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from chat_server import ChatServer, Counts, chat_server
from langchain_core.messages import BaseMessage

import refinegraph as rg
from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.models.types import Choice, Completion, Sampling

COMMAND = [sys.executable, "-m", "refinegraph"]
PROMPT_USD, WRITTEN_USD = 0.25, 2.0
"""Prices of a million tokens, those of a small model."""
STRATEGY = ("--strategy", "self-refine", "--rounds", "1", "--kind", "math", "--learn", "off")


class Answering(SamplingChatModel):
    """Answers at once and remembers nothing, so that memory is the batch's own."""

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
        """Return nothing, for nothing costs anything."""
        return 0.0

    @property
    def _llm_type(self) -> str:
        return "answering"


def questions(count: int) -> Iterator[dict[str, Any]]:
    """Yield problems that no list holds."""
    return ({"prompt": f"What is 2 + 2? ({n})", "kind": "math", "page": n} for n in range(count))


def megabytes() -> float:
    """Return the memory that this process takes now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


async def memory(count: int, folder: Path) -> bool:
    """Solve so many problems in this process; return whether memory stayed flat."""
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
    print(f"memory grew by {growth:.0f} bytes a problem after the first tenth (below 64)")
    return growth < 64


async def finish(command: Sequence[str]) -> tuple[int, str]:
    """Run a command to its end; return its code and what it said."""
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    said = (await process.communicate())[1].decode()
    return int(process.returncode or 0), said


def at_once(options: argparse.Namespace, folder: Path, server: ChatServer, *flags: str) -> Any:
    """Return what runs every shard of the problems at the same time, with the same flags."""
    source = folder / "limited.jsonl"
    source.write_text("".join(json.dumps(each) + "\n" for each in questions(options.problems)))
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


async def limits(options: argparse.Namespace, folder: Path) -> bool:
    """Hold caps in calls and in USD over all workers, with one ledger and with one each."""
    kept, prices = True, ("--prices", f"{PROMPT_USD},{WRITTEN_USD}")
    cap = options.problems // 2
    async with chat_server(options.latency, text="\\boxed{4}", counts=True) as server:
        tokens = await tokens_of_a_call(folder, server)
        usd = cap * cost(tokens)
        for words, flags, most in (
            (f"{cap:,} calls", ("--budget-calls", str(cap)), float(cap)),
            (f"{usd:.4g} USD", ("--budget-usd", f"{usd:.6g}", *prices), usd),
        ):
            for name, more in (
                ("one ledger", ("--ledger", str(folder / f"{flags[0]}.sqlite"))),
                ("a ledger each", ()),
            ):
                before = server.counts()
                await at_once(options, folder, server, *flags, *more)
                spent = server.counts().since(before)
                amount = spent.calls if "calls" in flags[0] else cost(spent)
                print(f"a cap of {words}, {name}: {amount / most:.1%} of it was spent", flush=True)
                kept &= not more or 0.99 <= amount / most <= 1
    return kept


async def tokens_of_a_call(folder: Path, server: ChatServer) -> Counts:
    """Return what one call to the server counts."""
    one = argparse.Namespace(problems=1, workers=1)
    before = server.counts()
    await at_once(one, folder, server)
    return server.counts().since(before)


def cost(tokens: Counts) -> float:
    """Return the price of tokens in USD."""
    return (tokens.prompt * PROMPT_USD + tokens.written * WRITTEN_USD) / 1e6


async def rates(options: argparse.Namespace, folder: Path) -> bool:
    """Hold a limit of requests a minute over all workers, with one ledger and with limits each."""
    kept = True
    for name, more in (
        ("one ledger", ("--ledger", str(folder / "rates.sqlite"))),
        ("limits each", ()),
    ):
        log = folder / f"{name}.log"
        async with chat_server(options.latency, text="\\boxed{4}", log=log) as server:
            flags = ("--requests-per-minute", str(options.rate), *more)
            await at_once(options, folder, server, *flags)
        times = sorted(float(line.split()[0]) for line in log.open())
        minutes = (times[-1] - times[0]) / 60
        share = len(times) / (options.rate * minutes)
        most = most_in_a_minute(times) / options.rate
        print(f"{options.rate:,} requests a minute, {name}: {len(times) / minutes:,.0f} a minute,")
        print(f"  {share:.1%} of what is allowed; in no minute more than {most:.1%}", flush=True)
        kept &= not more or (most <= 1.01 and (share >= 0.99 or minutes < 1))
    return kept


def most_in_a_minute(times: Sequence[float]) -> int:
    """Return the highest number of requests within sixty seconds."""
    most, first = 0, 0
    for last, time_of_last in enumerate(times):
        while times[first] <= time_of_last - 60:
            first += 1
        most = max(most, last - first + 1)
    return most


async def throughput(options: argparse.Namespace, folder: Path) -> bool:
    """Solve problems in one process and in two at once, with a model that answers at once."""
    alone = sum(await rates_of_solving(options.problems, folder, workers=1))
    both = sum(await rates_of_solving(options.problems, folder, workers=2))
    share = both / alone / 2
    print(f"{alone:.0f} problems a second in one process, {both:.0f} in two: {share:.2f} of twice")
    return share >= 0.85


async def rates_of_solving(problems: int, folder: Path, *, workers: int) -> list[float]:
    """Return how many problems a second each of several processes solves at the same time."""

    async def rate(number: int) -> float:
        flags = ("--problems", str(problems), "--solve", f"{number}/{workers}", str(folder))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, __file__, *flags), stdout=asyncio.subprocess.PIPE
        )
        return float((await process.communicate())[0])

    return list(await asyncio.gather(*(rate(number) for number in range(1, workers + 1))))


async def solve_shard(count: int, shard: str, folder: str) -> None:
    """Solve a shard in this process; print the problems solved in a second."""
    out = Path(folder, f"{shard.replace('/', '-of-')}.jsonl")
    began = time.perf_counter()
    settings: dict[str, Any] = {"strategy": "single", "shard": shard, "out": out}
    records = rg.solve_many(questions(count), model=Answering(), **settings)
    ended = [record async for record in records if record.answer == "4"]
    print(len(ended) / (time.perf_counter() - began))


async def run(options: argparse.Namespace) -> bool:
    """Measure what was asked for."""
    parts = {"limits": limits, "rates": rates, "throughput": throughput}
    if options.solve:
        await solve_shard(options.problems, *options.solve)
        return True
    with TemporaryDirectory() as name:
        folder = Path(name)
        if options.memory:
            return await memory(options.memory, folder)
        return all([await parts[part](options, folder) for part in options.parts or parts])


def main() -> None:
    """Read the arguments and end with 1 where a figure is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help="limits, rates, throughput")
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--rate", type=int, default=1_200, help="requests a minute")
    parser.add_argument("--solve", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--memory", type=int, metavar="N", help="solve N problems in one process")
    sys.exit(not asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
