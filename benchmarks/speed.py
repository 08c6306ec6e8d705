"""Measure the speed of everything relative to other packages, in one command.

    pip install "its_hub[lm]" evalplus
    python benchmarks/speed.py --dataset HumanEval.jsonl

The contenders take turns within every round, so that a busy machine slows all of them down. Ratios
are printed with their range over the rounds, next to a goal if there is one. If the machine is busy
before the benchmark starts, no verdict is given. The benchmark names packages that are not
installed and skips them.
"""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from chat_server import chat_server
from rich.console import Console
from speed_calls import measure_calls
from speed_frame import MAX_LOAD, Goal, Row, load, show
from speed_local import measure_embedded, measure_growth, measure_start_up
from speed_sandbox import measure_sandbox

LATENCY = 0.1
"""The latency of the server in seconds per call: shorter than any real model's, so that our
overhead shows."""


async def calls(options: argparse.Namespace) -> list[Row]:
    """Model calls, and the overhead of the graph."""
    async with chat_server(LATENCY, several=False) as server:
        return await measure_calls(server.base, LATENCY, options.rounds, options.calls)


async def start_up(options: argparse.Namespace) -> list[Row]:
    """From the command to the first token."""
    return await measure_start_up(options.rounds)


async def embedded(options: argparse.Namespace) -> list[Row]:
    """The model of the package compared with plain llama.cpp."""
    return await measure_embedded(options.rounds)


async def growth(options: argparse.Namespace) -> list[Row]:
    """Memory over many tasks of the package's model."""
    return measure_growth(options.tasks)


async def sandbox(options: argparse.Namespace) -> list[Row]:
    """Confined runs compared with evalplus."""
    if options.dataset is None:
        return [Row("sandbox over evalplus", (), Goal(1.5, "higher"), "give --dataset")]
    return measure_sandbox(options.dataset, options.rounds, options.limit)


PARTS: dict[str, Callable[[argparse.Namespace], Awaitable[list[Row]]]] = {
    part.__name__: part for part in (calls, start_up, embedded, growth, sandbox)
}


async def main() -> None:
    """Run the requested measurements and print them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=512, help="calls per contender and round")
    parser.add_argument("--tasks", type=int, default=10_000, help="tasks for `growth`")
    parser.add_argument("--dataset", type=Path, help="HumanEval as JSONL, for `sandbox`")
    parser.add_argument("--limit", type=int, default=164, help="problems for `sandbox`")
    options = parser.parse_args()
    unknown = set(options.parts) - PARTS.keys()
    if unknown:
        parser.error(f"unknown part {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}")
    before, console = load(), Console(width=110)
    is_quiet = before <= MAX_LOAD
    console.print(f"{os.cpu_count()} processors, load {before:.1f}, {options.rounds} rounds")
    if not is_quiet:
        console.print(f"[yellow]The load is above {MAX_LOAD}, so no verdicts are given.[/yellow]")
    for name in options.parts or PARTS:
        part = PARTS[name]
        console.print(show(f"{name}: {part.__doc__}", await part(options), verdicts=is_quiet))


if __name__ == "__main__":
    asyncio.run(main())
