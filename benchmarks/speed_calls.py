"""Compare model calls per second, and the overhead of the graph, with other clients and loops."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from speed_contender import CALLS, SUPER_STEPS
from speed_frame import Contest, Goal, Measure, Row

AT_ONCE = 64
"""Calls in flight: at 100 ms each, 640 calls a second are possible."""
SCRIPTED_PROBLEMS = 50
"""Problems per round where a scripted model answers at once: about half a second of work."""
ONE_CALL, SAMPLES, REPAIRS = CALLS


class Figures(NamedTuple):
    """What some problems took."""

    seconds: float
    cpu_seconds: float


class Contender:
    """A contender in a process of its own, which does as many problems as it is asked to."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin and process.stdout
        self._input, self._output = process.stdin, process.stdout

    async def run(self, problems: int, at_once: int) -> Figures:
        """Do some problems, several of them at once."""
        self._input.write(f"{problems} {at_once}\n".encode())
        line = await self._output.readline()
        if not line:
            raise SystemExit("A contender failed; its error is above.")
        return Figures(**json.loads(line))


@asynccontextmanager
async def contender(name: str, shape: str, base: str) -> AsyncGenerator[Contender | None]:
    """Start a contender; yield None if its package is not installed."""
    file = Path(__file__).with_name("speed_contender.py")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(file), name, shape, base, stdin=pipe, stdout=pipe
    )
    try:
        assert process.stdout
        is_ready = await process.stdout.readline() == b"ready\n"
        yield Contender(process) if is_ready else None
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def contenders(
    names: list[str], shape: str, base: str
) -> AsyncGenerator[dict[str, Contender]]:
    """Start several contenders; leave out those that are not installed."""
    async with AsyncExitStack() as stack:
        started = {
            name: await stack.enter_async_context(contender(name, shape, base)) for name in names
        }
        yield {name: one for name, one in started.items() if one}


class _Pair(NamedTuple):
    rate: Contest
    cpu: Contest


def _contest(running: dict[str, Contender], problems: int, at_once: int, calls: int) -> _Pair:
    """Return a contest in calls per second, and one in the CPU times of the same rounds."""
    times = Contest({})

    def measure(name: str, one: Contender) -> Measure:
        async def run() -> float:
            figures = await one.run(problems, at_once)
            milliseconds = 1000 * figures.cpu_seconds / problems
            times.figures.setdefault(name, []).append(milliseconds)
            return problems * calls / figures.seconds

        return run

    return _Pair(Contest({name: measure(name, one) for name, one in running.items()}), times)


async def measure_calls(base: str, latency: float, rounds: int, calls: int) -> list[Row]:
    """Compare calls per second and CPU times; every contender makes the same number of calls.

    `base` is the address of a server that returns one choice per request.
    """
    rows: list[Row] = []
    for shape in CALLS:
        rows += await _measure_shape(base, shape, rounds, calls)
    rows.append(await _critical_path(base, latency, rounds))
    rows += await _durability(rounds)
    return rows


async def _measure_shape(base: str, shape: str, rounds: int, calls: int) -> list[Row]:
    others = {ONE_CALL: ["openai", "LangGraph"], SAMPLES: ["its_hub"], REPAIRS: []}
    names = ["refinegraph", "aiohttp", "litellm", *others[shape]]
    # Samples are in flight together, the calls of a repair one after the other.
    at_once = AT_ONCE // CALLS[shape] if shape == SAMPLES else AT_ONCE
    async with contenders(names, shape, base) as running:
        rate, cpu = _contest(running, max(1, calls // CALLS[shape]), at_once, CALLS[shape])
        await rate.run(rounds)
    for figures in cpu.figures.values():
        del figures[:-rounds]  # the one that warmed up
    rows: list[Row] = []
    for name in names:
        values, times = tuple(rate.figures.get(name, ())), tuple(cpu.figures.get(name, ()))
        missing = "" if values else "not installed"
        rows.append(Row(f"{shape}: calls/s, {name}", values, note=missing))
        rows.append(Row(f"{shape}: CPU ms a problem, {name}", times, note=missing))
    return rows + _goals(shape, rate, cpu)


def _goals(shape: str, rate: Contest, cpu: Contest) -> list[Row]:
    to_litellm = rate.ratios("refinegraph", "litellm")
    if shape == ONE_CALL:
        return [
            Row("1 call: calls/s over litellm", to_litellm, Goal(1.5, "higher")),
            Row(
                "1 call: CPU ms a problem above bare LangGraph",
                cpu.differences("refinegraph", "LangGraph"),
                Goal(1.0, "lower"),
            ),
        ]
    if shape == SAMPLES:
        its_hub = rate.ratios("refinegraph", "its_hub")
        return [
            Row(f"{shape}: calls/s over litellm", to_litellm),
            Row(f"{shape}: calls/s over its_hub", its_hub, Goal(0.8, "higher"), "not installed"),
        ]
    return [Row(f"{shape}: calls/s over litellm", to_litellm, Goal(2.0, "higher"))]


async def _critical_path(base: str, latency: float, rounds: int) -> Row:
    """Compare a problem of seven sequential calls with seven latencies."""
    ratios: list[float] = []
    async with contenders(["refinegraph"], REPAIRS, base) as running:
        one = running["refinegraph"]
        await one.run(1, 1)
        for _ in range(rounds):
            figures = await one.run(1, 1)
            ratios.append(figures.seconds / (CALLS[REPAIRS] * latency))
    return Row("one problem over its critical path", tuple(ratios), Goal(1.05, "lower"))


async def _durability(rounds: int) -> list[Row]:
    """Compare the times of a problem with and without checkpoints, per super-step.

    One problem follows the other, so that every super-step waits until it has been stored.
    """
    plain, stored = "refinegraph, scripted", "refinegraph, stored"
    steps = SCRIPTED_PROBLEMS * SUPER_STEPS[REPAIRS]
    cpu = Contest({})

    def milliseconds(name: str, one: Contender) -> Measure:
        async def run() -> float:
            figures = await one.run(SCRIPTED_PROBLEMS, 1)
            cpu.figures.setdefault(name, []).append(1000 * figures.cpu_seconds / steps)
            return 1000 * figures.seconds / steps

        return run

    async with contenders([plain, stored], REPAIRS, "") as running:
        wall = Contest({name: milliseconds(name, one) for name, one in running.items()})
        await wall.run(rounds)
    return [
        Row(
            "ms a super-step for its durability",
            wall.differences(stored, plain),
            Goal(0.5, "lower"),
        ),
        Row("CPU ms a super-step for its durability", cpu.differences(stored, plain)[-rounds:]),
    ]
