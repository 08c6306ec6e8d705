"""Kill the workers of a batch at random moments, and compare with one process that nobody killed.

    python benchmarks/batch_kills.py FOLDER --problems 10000 --workers 8 --kills 50
    python benchmarks/batch_kills.py FOLDER --problems 10000 --workers 8 --kills 50 --cluster
    python benchmarks/batch_kills.py FOLDER --problems 400 --workers 2 --kills 8 \\
        --cluster ray://127.0.0.1:10001

Workers are shards, or with `--cluster` those of a Ray cluster on this machine, whose driver is
killed too. With `auto` or a `ray://` address, the cluster is started by `ray start` and outlives
its drivers. A mock server gives every answer the digest of its request, so that the files that a
killed process leaves behind show which requests had an answer. None of them may be asked again.

The folder keeps everything. A call ends after `--seconds`; repeat it until it reports the outcome.
It ends with 1 where a figure is missed, and with 75 where there is more to do.
"""

import argparse
import asyncio
import json
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from batch_kill_accounts import Kill, accounts_of, lines_of
from batch_kill_targets import Strike, Targets, ended, started_cluster
from batch_memory import questions
from batches import COMMAND, STRATEGY, finish
from chat_server import ChatServer, chat_server

AT_ONCE = 8
"""Calls under way in each worker, all of which a kill may cut off."""
UNFINISHED = 75
"""`EX_TEMPFAIL`: the command is to be repeated."""


@dataclass
class Trial:
    """One way to run the batch, with its files."""

    folder: Path
    name: str
    size: int
    """Bytes of the whole output."""
    until: float
    """When this piece of the trial ends, by `time.monotonic()`."""
    targets: Targets = field(default_factory=Targets)
    chance: random.Random = field(default_factory=random.Random)

    @property
    def kills_file(self) -> Path:
        """The file of the kills so far."""
        return self.folder / f"{self.name}.kills"

    @property
    def log(self) -> Path:
        """The requests that the server got in this trial."""
        return self.folder / f"{self.name}.log"

    @property
    def kills(self) -> list[Kill]:
        """The kills so far."""
        if not self.kills_file.exists():
            return []
        return [Kill(**json.loads(line)) for line in self.kills_file.open()]

    def note(self, out: Path, strike: Strike, survivors: tuple[str, ...]) -> None:
        """Add what the killed process left behind."""
        kept, pages = self.kept_digests(out), [int(line["page"]) for line in lines_of(out)]
        kill = Kill(strike.at, time.time(), strike.victim, strike.ports, pages, kept, survivors)
        with self.kills_file.open("a") as file:
            print(json.dumps(kill._asdict()), file=file)

    async def run(self, command: Sequence[str], out: Path, moments: list[int]) -> bool:
        """Run a command, and kill it whenever its output has grown to a moment; go on with it.

        Returns whether it ended by itself before the piece was over.
        """
        while time.monotonic() < self.until:
            process = await asyncio.create_subprocess_exec(
                *command, "--resume", "--out", str(out), stderr=asyncio.subprocess.PIPE
            )
            said = asyncio.ensure_future(process.communicate())
            while not said.done():
                await asyncio.wait({said}, timeout=0.05)
                late = time.monotonic() > self.until
                if said.done() or not (late or (moments and size_of(out) >= moments[0])):
                    continue
                if not late:
                    moments.pop(0)
                    await asyncio.sleep(self.chance.uniform(0, 0.5))
                await self.kill(process.pid, said, out, is_over=late)
            if process.returncode == 0:
                return True
            words = (await said)[1].decode()
            if self.targets.cluster and "there is no Ray cluster" in words:
                print("Ray's server for clients was not ready; trying again", flush=True)
            elif process.returncode != -signal.SIGKILL:
                raise SystemExit(words)
        return False

    async def kill(
        self,
        number: int,
        said: "asyncio.Future[tuple[bytes, bytes]]",
        out: Path,
        *,
        is_over: bool,
    ) -> None:
        """Kill the process, or part of it, and note what it left behind."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(number)
            family = process.children(recursive=True)
            strike = (self.targets.driver if is_over else self.targets.any)(process)
            is_driver = strike.victim == "driver"
            if is_driver:
                await said
            self.note(out, strike, await ended(family) if is_driver else ())

    def kept_digests(self, out: Path) -> list[str]:
        """Return the requests whose answers are kept beside an output, or in a data folder."""
        beside = out.with_name(f"{out.name}.state") / "calls.sqlite"
        away = self.folder.glob("home/clusters/*/calls.sqlite") if self.targets.cluster else ()
        return [digest for file in (beside, *away) for digest in digests_in(file)]


def size_of(out: Path) -> int:
    """Return the bytes of an output so far."""
    return out.stat().st_size if out.exists() else 0


def digests_in(file: Path) -> list[str]:
    """Return the requests whose answers are in a file."""
    if not file.exists():
        return []
    uri = f"file:{file}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as database, suppress(sqlite3.OperationalError):
        rows = database.execute("SELECT answer FROM answers").fetchall()
        return [answer.partition("(call ")[2][:16] for (answer,) in rows]
    return []


def report(trial: Trial, whole: Path, merged: Path, workers: int) -> bool:
    """Print what came of a trial; return whether every figure is what it has to be."""
    kills, lines = trial.kills, lines_of(merged)
    pages = Counter(line["page"] for line in lines)
    once = len(pages) == len(lines_of(whole)) and set(pages.values()) == {1}
    same = sorted(merged.open()) == sorted(whole.open())
    accounts = accounts_of(trial.log, kills)
    needed = sum(line["refinegraph"]["usage"]["llm_calls"] for line in lines)
    could = sum(AT_ONCE * (workers if kill.cuts_all else 1) for kill in kills)
    print(f"{trial.name}: killed {dict(Counter(kill.victim for kill in kills))}")
    print(f"  every problem answered once: {once}; the lines are those of one process: {same}")
    print(f"  {accounts.calls:,} calls, {needed:,} needed; up to {could} could be cut off")
    print(*(f"  {line}" for line in accounts.lines()), sep="\n")
    print(f"  outlived their driver: {dict(Counter(n for k in kills for n in k.survivors))}")
    again = len(accounts.repeats)
    counted = accounts.calls - again == needed and again <= could
    return once and same and counted and not (accounts.paid or accounts.unexplained)


def moments_of(trial: Trial, kills: int, number: int, share: int) -> list[int]:
    """Return the sizes of its output at which a worker is killed; a few die as they start."""
    draw = random.Random(number)
    most = 0.98 * trial.size / share
    every = sorted(int(draw.random() * most) for _ in range(kills))
    return [0, *every[1:]] if number % 4 == 0 else every


async def by_shards(
    trial: Trial, options: argparse.Namespace, common: Sequence[str]
) -> Path | None:
    """Run the shards at once, killed at random; return their merged lines, once they are done."""
    workers = range(1, options.workers + 1)
    parts = [trial.folder / f"part-{number}.jsonl" for number in workers]
    counts = [options.kills // len(parts) + (n <= options.kills % len(parts)) for n in workers]
    runs = [
        trial.run(
            (*common, "--shard", f"{number}/{len(parts)}"),
            part,
            [m for m in moments_of(trial, count, number, len(parts)) if m >= size_of(part)],
        )
        for number, part, count in zip(workers, parts, counts, strict=True)
    ]
    if not all(await asyncio.gather(*runs)):
        return None
    merged = trial.folder / "merged.jsonl"
    merged.unlink(missing_ok=True)
    code, said = await finish((*COMMAND, "merge", *map(str, parts), "--out", str(merged)))
    assert code == 0, said
    return merged


async def by_cluster(
    trial: Trial, options: argparse.Namespace, common: Sequence[str]
) -> Path | None:
    """Run the batch on a cluster, killed at random; return its lines, once they are done."""
    out = trial.folder / f"{trial.name}.jsonl"
    moments = [m for m in moments_of(trial, options.kills, 0, 1) if m >= size_of(out)]
    flags = ("--cluster", options.cluster, "--workers-per-node", str(options.workers))
    return out if await trial.run((*common, *flags), out, moments) else None


async def run(options: argparse.Namespace) -> int:
    """Go on with the trial; return the exit code."""
    folder: Path = options.folder
    folder.mkdir(exist_ok=True, parents=True)
    source, whole = folder / "in.jsonl", folder / "whole.jsonl"
    until = time.monotonic() + options.seconds
    source.write_text("".join(json.dumps(row) + "\n" for row in questions(options.problems)))
    name = "client" if "://" in options.cluster else options.cluster or "shards"
    is_whole = (folder / "whole.jsonl.state" / "ended").exists()
    log = folder / (f"{name}.log" if is_whole else "whole.log")
    text = "\\boxed{4} (call {call})"
    # The addresses of all pieces have to be the same, since they are part of the settings.
    async with chat_server(options.latency, text=text, port=options.port, log=log) as server:
        common = command(source, server)
        if not is_whole:
            trial = Trial(folder, "whole", 0, until)
            began = time.monotonic()
            await trial.run((*common, "--in-order"), whole, [])
            print(f"one process: {time.monotonic() - began:.0f} s in this piece")
            print("go on with the same command")
            return UNFINISHED
        async with targets_of(options) as targets:
            trial = Trial(folder, name, whole.stat().st_size, until, targets)
            work = by_cluster if options.cluster else by_shards
            merged = await work(trial, options, common)
    if merged is None:
        print(f"{name}: {len(trial.kills)} kills so far; go on with the same command")
        return UNFINISHED
    cluster = options.workers if options.cluster else 1
    return int(not report(trial, whole, merged, cluster))


@asynccontextmanager
async def targets_of(options: argparse.Namespace) -> AsyncGenerator[Targets]:
    """Yield what is to be killed, with the cluster of an address running meanwhile."""
    if options.cluster in ("", "ray"):
        yield Targets(has_actors=bool(options.cluster))
        return
    async with started_cluster(options.cluster, options.folder.resolve()) as cluster:
        yield Targets(has_actors=True, cluster=cluster)


def command(source: Path, server: ChatServer) -> list[str]:
    """Return the command of every worker."""
    flags = ("--model", "openai/mock", "--api-base", server.base, *STRATEGY)
    return [*COMMAND, "batch", str(source), "--concurrency", str(AT_ONCE), *flags]


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--latency", type=float, default=0.01)
    parser.add_argument("--seconds", type=float, default=540, help="length of this piece")
    parser.add_argument("--port", type=int, default=18_473)
    parser.add_argument(
        "--cluster", nargs="?", const="ray", default="", help="Ray: ray, auto, ray://HOST:PORT"
    )
    sys.exit(asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
