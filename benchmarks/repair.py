"""Repair real packages: mutation search against other searches, and selection among patches.

Faults are put into packages from the registry that carry their tests. For each, three searches
without a model share one set of proposals, and a pool of labelled patches (the inverse change,
changes that still fail, changes that pass the visible half of the tests only, tampering, and edits
that do not apply) is collected. `measure` does that, inside a tree; `judge` has the shipped checker
judge tampering and honest patches; `select` plays the pools through the graph by a scripted model.
Results are appended to files, so that each step goes on where it was stopped:

    python benchmarks/repair.py measure --data DIR [--packages toolz] [--bugs 25] [--seconds 500]
    python benchmarks/repair.py judge --data DIR
    python benchmarks/repair.py select --data DIR
    python benchmarks/repair.py report --data DIR
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from repair_judging import judge_row
from repair_packages import PACKAGES, Package, download
from repair_report import show_report
from repair_selection import play_row

from refinegraph.charging import charging
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.workspace import TreePolicy

_PROJECT = Path(__file__).resolve().parent.parent
_ROWS = "rows.jsonl"
_GRACE = 90.0
"""Seconds that a fault may take that was begun in time."""

_BATCH = 8
"""Faults that one worker measures: its start takes as long as two of them."""

Row = dict[str, Any]
Job = TypeVar("Job")


async def measure(arguments: argparse.Namespace) -> None:
    """Measure the faults that were not measured before, a few of each package in turn."""
    file = arguments.data / "faults.jsonl"
    until = time.monotonic() + arguments.seconds
    done = {_key(row) for row in read_rows(file)}

    async def measure_some(job: tuple[Package, list[int]]) -> None:
        package, seeds = job
        left = until - time.monotonic()
        if left > 0:
            order = {"seeds": seeds, "seconds": left, "searched": arguments.searched}
            _append(file, await _measure(package, order, arguments.data))

    await _at_once(arguments, _jobs(arguments, done), measure_some)


def _jobs(
    arguments: argparse.Namespace, done: Collection[tuple[str, int]]
) -> Iterator[tuple[Package, list[int]]]:
    for first in range(0, arguments.bugs, _BATCH):
        for package in _packages(arguments):
            among = range(first, min(first + _BATCH, arguments.bugs))
            seeds = [seed for seed in among if (package.name, seed) not in done]
            if seeds:
                yield package, seeds


async def _at_once(
    arguments: argparse.Namespace, jobs: Iterator[Job], do: Callable[[Job], Awaitable[None]]
) -> None:
    """Do the jobs in their order, as many at once as was asked for."""

    async def work() -> None:
        for job in jobs:  # of which every worker takes the next
            await do(job)

    await asyncio.gather(*(work() for _ in range(arguments.at_once)))


async def _measure(package: Package, order: Row, data: Path) -> list[Row]:
    """Return the rows that a worker writes inside a tree of the package."""
    order |= {"name": package.name, "arguments": package.tests.split(), "rows": _ROWS}
    worker = Path(__file__).with_name("repair_worker.py")
    policy = TreePolicy(wall_seconds=order["seconds"] + _GRACE, readable=(str(_PROJECT),))
    async with Sandbox().tree(download(package, data), policy=policy) as tree:
        command = [sys.executable, str(worker), json.dumps(order)]
        result = await tree.run(command, collect=[_ROWS])
    if not result.ok:
        print(f"{package.name}: {result.ending}\n{result.stderr[-2000:]}", file=sys.stderr)
    rows = result.collected.get(_ROWS, b"").decode().splitlines()
    return [json.loads(line) for line in rows if line.endswith("}")]


async def judge(arguments: argparse.Namespace) -> None:
    """Have the shipped checker judge the tampering patches of pools, and honest patches."""
    await _each(
        arguments,
        "judged.jsonl",
        lambda row: judge_row(row, arguments.data, honest=arguments.honest),
    )


async def select(arguments: argparse.Namespace) -> None:
    """Let every rule choose from the pools whose tampering patches were judged."""
    judged = {_key(row): row for row in read_rows(arguments.data / "judged.jsonl")}
    await _each(
        arguments,
        "selected.jsonl",
        lambda row: play_row(row, judged, arguments.data),
        among=judged.keys(),
    )


async def _each(
    arguments: argparse.Namespace,
    name: str,
    do: Callable[[Row], Awaitable[Row]],
    *,
    among: Collection[tuple[str, int]] | None = None,
) -> None:
    """Append a row for every measured fault that has none yet, until the time is up."""
    until = time.monotonic() + arguments.seconds
    done = {_key(row) for row in read_rows(arguments.data / name)}
    wanted = {package.name for package in _packages(arguments)}

    async def make(row: Row) -> None:
        if time.monotonic() < until:
            with charging():
                made = await do(row)
            _append(arguments.data / name, [made])

    rows = sorted(read_rows(arguments.data / "faults.jsonl"), key=lambda row: int(row["seed"]))
    coming = (  # a few of each package in turn
        row
        for row in rows
        if not row.get("skipped")
        and row["package"] in wanted
        and _key(row) not in done
        and (among is None or _key(row) in among)
    )
    await _at_once(arguments, coming, make)


def _key(row: Row) -> tuple[str, int]:
    return row["package"], row["seed"]


def _packages(arguments: argparse.Namespace) -> list[Package]:
    wanted = set(arguments.packages.split(",")) if arguments.packages else None
    return [package for package in PACKAGES if wanted is None or package.name in wanted]


def _append(path: Path, rows: Sequence[Row]) -> None:
    with path.open("a", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
            short = {key: row[key] for key in ("package", "seed", "operator", "rank") if key in row}
            print(json.dumps(short | {"seconds": row.get("seconds")}), flush=True)


def read_rows(path: Path) -> Iterator[Row]:
    """Yield what was written before."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def main() -> None:
    """Do one step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("measure", "judge", "select", "report"))
    parser.add_argument("--data", type=Path, required=True, help="folder of packages and results")
    parser.add_argument("--packages", help="names, joined by commas")
    parser.add_argument("--bugs", type=int, default=25, help="faults of each package")
    parser.add_argument(
        "--searched",
        type=int,
        default=25,
        help="faults of each package with all three searches",
    )
    parser.add_argument(
        "--honest",
        type=int,
        default=7,
        help="faults of each package of which honest and all tampering patches are judged",
    )
    parser.add_argument("--at-once", type=int, default=1, help="faults at the same time")
    parser.add_argument("--seconds", type=float, default=1e6, help="begin no fault after that")
    arguments = parser.parse_args()
    steps = {"measure": measure, "judge": judge, "select": select}
    if arguments.step in steps:
        asyncio.run(steps[arguments.step](arguments))
    else:
        names = ("faults", "judged", "selected")
        show_report(*(list(read_rows(arguments.data / f"{name}.jsonl")) for name in names))


if __name__ == "__main__":
    main()
