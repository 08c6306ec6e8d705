"""Many problems over several workers: limits over all of them, throughput, kept answers.

    python benchmarks/batches.py                      # a minute or two
    python benchmarks/batches.py limits --problems 2000 --workers 8
    python benchmarks/batches.py rates --problems 6500 --workers 8 --rate 3000
    python benchmarks/batches.py throughput --problems 4000
    python benchmarks/batches.py keeping --problems 400 --workers 1

A mock server answers on the loopback, so that what is measured is ours. Every figure stands beside
what it has to be, and the command ends with 1 where one is missed.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, NamedTuple

from batch_memory import Answering, questions
from chat_server import ChatServer, Counts, chat_server

import refinegraph as rg

COMMAND = [sys.executable, "-m", "refinegraph"]
PROMPT_USD, WRITTEN_USD = 0.25, 2.0
"""Prices of a million tokens, those of a small model."""
TURNS = 3
STRATEGY = ("--strategy", "self-refine", "--rounds", "1", "--kind", "math", "--learn", "off")


async def finish(command: Sequence[str]) -> tuple[int, str]:
    """Run a command to its end; return its code and what it said."""
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    said = (await process.communicate())[1].decode()
    return int(process.returncode or 0), said


def at_once(options: argparse.Namespace, folder: Path, server: ChatServer, *flags: str) -> Any:
    """Return what runs every shard of the problems at the same time, with the same flags."""
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
    kept = await holds_rate(options, folder, "one ledger", "--ledger", str(folder / "rates.sqlite"))
    await holds_rate(options, folder, "limits each")
    return kept


async def holds_rate(options: argparse.Namespace, folder: Path, name: str, *flags: str) -> bool:
    """Run the shards with a limit; return whether they kept it and used it."""
    log = folder / f"{name}.log"
    async with chat_server(options.latency, text="\\boxed{4}", log=log) as server:
        await at_once(options, folder, server, "--requests-per-minute", str(options.rate), *flags)
    sent = [Sent.of(line) for line in log.open()]
    times = sorted(request.at for request in sent)
    first, last = while_all_work(sent, options.workers)
    within = sum(first <= time <= last for time in times)
    share = within / (options.rate * (last - first) / 60)
    most = most_in_a_minute(times) / options.rate
    print(f"{options.rate:,} requests a minute, {name}:")
    print(f"  {share:.1%} of what is allowed in the {last - first:.0f} s in which all work,")
    print(f"  in no minute more than {most:.1%}; {times[-1] - times[0]:.0f} s in all", flush=True)
    return bool(most <= 1.01 and share >= 0.99)


class Sent(NamedTuple):
    """A request that the server got."""

    at: float
    page: int
    """The position of its problem."""

    @classmethod
    def of(cls, line: str) -> "Sent":
        """Return a request from its line in the log."""
        at, _, page, _ = line.split()
        return cls(float(at), int(page))


def while_all_work(sent: Sequence[Sent], workers: int) -> tuple[float, float]:
    """Return when the last worker began, and when the first one had nothing left to send."""
    shards = [
        [request.at for request in sent if request.page % workers == n] for n in range(workers)
    ]
    return max(map(min, shards)), min(map(max, shards))


def most_in_a_minute(times: Sequence[float]) -> int:
    """Return the highest number of requests within sixty seconds."""
    most, first = 0, 0
    for last, time_of_last in enumerate(times):
        while times[first] <= time_of_last - 60:
            first += 1
        most = max(most, last - first + 1)
    return most


class Solved(NamedTuple):
    """What one process did."""

    rate: float
    """Problems a second."""
    cpu_ms: float
    """CPU time of a problem, which other processes of a busy machine hardly change."""


async def throughput(options: argparse.Namespace, folder: Path) -> bool:
    """Solve problems in one process and in two at once, with a model that answers at once.

    The two take turns, and the medians are compared, since other programs may use the cores.
    """
    turns = [
        (await solved(options.problems, folder, 1), await solved(options.problems, folder, 2))
        for _ in range(TURNS)
    ]
    alone = median(one[0].rate for one, _ in turns)
    both = median(sum(shard.rate for shard in two) for _, two in turns)
    cpu_alone = median(one[0].cpu_ms for one, _ in turns)
    cpu_both = median(mean(shard.cpu_ms for shard in two) for _, two in turns)
    share, cpu_share = both / alone / 2, cpu_alone / cpu_both
    print(f"{alone:.0f} problems a second in one process, {both:.0f} in two: {share:.2f} of twice")
    print(f"  CPU of a problem: {cpu_alone:.2f} ms in one, {cpu_both:.2f} ms in two, which allow")
    print(f"  {cpu_share:.2f} of twice where nothing else uses the cores", flush=True)
    return share >= 0.85


async def solved(problems: int, folder: Path, workers: int) -> list[Solved]:
    """Return what each of several processes did at the same time."""
    outs = mkdtemp(dir=folder)

    async def one(number: int) -> Solved:
        flags = ("--problems", str(problems), "--solve", f"{number}/{workers}", outs)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, __file__, *flags), stdout=asyncio.subprocess.PIPE
        )
        rate, cpu = (await process.communicate())[0].split()
        return Solved(float(rate), float(cpu))

    return list(await asyncio.gather(*(one(number) for number in range(1, workers + 1))))


async def solve_shard(count: int, shard: str, folder: str) -> None:
    """Solve a shard in this process; print the problems a second and the CPU time of each."""
    out = Path(folder, f"{shard.replace('/', '-of-')}.jsonl")
    settings: dict[str, Any] = {"model": Answering(), "strategy": "single"}
    _ = [record async for record in rg.solve_many(questions(8), **settings)]  # imports everything
    began, cpu = time.perf_counter(), time.process_time()
    records = rg.solve_many(questions(count), shard=shard, out=out, **settings)
    ended = sum([record.answer == "4" async for record in records])
    print(ended / (time.perf_counter() - began), 1e3 * (time.process_time() - cpu) / ended)


async def keeping(options: argparse.Namespace, folder: Path) -> bool:
    """Measure how long after the server has sent an answer it is on the disk.

    An answer whose process is killed in that time is asked for again.
    """
    cache, log = folder / "kept.sqlite", folder / "kept.log"
    async with chat_server(options.latency, text="\\boxed{4} (call {call})", log=log) as server:
        await at_once(options, folder, server, "--cache", str(cache))
    lines = Path(f"{log}.answered").read_text().splitlines()
    sent = {digest: float(at) for at, digest in map(str.split, lines)}
    with closing(sqlite3.connect(cache)) as database:
        rows = database.execute("SELECT made, answer FROM answers").fetchall()
    waits = sorted(made - sent[answer.partition("(call ")[2][:16]] for made, answer in rows)
    assert len(waits) == len(sent) == options.problems, (len(waits), len(sent))
    most = waits[int(0.99 * len(waits))]
    print(f"{len(waits):,} answers to {options.workers} processes were on the disk after")
    print(
        f"  {1e3 * waits[len(waits) // 2]:.1f} ms (median); 99 %: {1e3 * most:.1f} ms", flush=True
    )
    return True


async def run(options: argparse.Namespace) -> bool:
    """Measure what was asked for."""
    parts = {"limits": limits, "rates": rates, "throughput": throughput, "keeping": keeping}
    if options.solve:
        await solve_shard(options.problems, *options.solve)
        return True
    with TemporaryDirectory() as name:
        return all([await parts[part](options, Path(name)) for part in options.parts or parts])


def main() -> None:
    """Read the arguments and end with 1 where a figure is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help="limits, rates, throughput, keeping"
    )
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--rate", type=int, default=1_200, help="requests a minute")
    parser.add_argument("--solve", nargs=2, help=argparse.SUPPRESS)
    sys.exit(not asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
