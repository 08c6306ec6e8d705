"""Compare searches for repairs of real packages, and rules that select among patches.

Faults are inserted into packages from the registry that include their tests. For each fault, three
searches without a model share one set of proposals. A scripted model then plays a pool of labelled
patches through the graph: the inverse change, changes that still fail, changes that pass only the
visible half of the tests, tampering, and edits that do not apply. Results are appended to a file,
so that an interrupted run continues:

    python benchmarks/repair.py --data DIR [--packages toolz,parse] [--bugs 25] [--seconds 600]
    python benchmarks/repair.py --data DIR --report
"""

import argparse
import asyncio
import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from repair_forks import ForkedSuite
from repair_packages import (
    PACKAGES,
    Fault,
    Healthy,
    Package,
    faults,
    faulty_copy,
    measure,
    suite_of,
)
from repair_report import show_report
from repair_search import Trials, ours, search, uniform
from repair_selection import build_pool, play, safety
from repair_tampering import Setting

from refinegraph.charging import charging
from refinegraph.fixing.baseline import localise
from refinegraph.fixing.options import FixOptions
from refinegraph.fixing.problem import repository_problem
from refinegraph.fixing.sources import read_sources
from refinegraph.fixing.workshop import Prepared, Workshop, prepare
from refinegraph.schema import SuspectLine

_BEST_OF = 10
"""The number of candidates that fixed best-of-n always tries."""


async def _prepared(
    options: FixOptions, package: Package, checkout: Path, *, forks: bool
) -> Prepared:
    """Judge a faulty copy, in the sandbox or in forks."""
    if not forks:
        return await prepare(options, _ignore)
    suite, sources = suite_of(package, checkout, forks=True), read_sources(checkout)
    assert isinstance(suite, ForkedSuite)
    baseline = await suite.baseline()
    localised = await localise(suite, sources, baseline)
    problem = repository_problem(options, sources, baseline, localised, "")
    workshop = Workshop(suite, sources, baseline, localised)
    return Prepared(workshop, problem if baseline.failing else None)


async def one_fault(
    healthy: Healthy, fault: Fault, seed: int, folder: Path, *, forks: bool
) -> dict[str, Any] | None:
    """Run all measurements on one fault."""
    checkout = faulty_copy(healthy, fault, folder / "work" / f"{healthy.package.name}-{seed}")
    options = FixOptions(path=str(checkout), test=healthy.package.command)
    prepared = await _prepared(options, healthy.package, checkout, forks=forks)
    if prepared.problem is None:
        return None
    workshop = prepared.workshop
    draw = random.Random(f"pool:{healthy.package.name}:{seed}")
    visible = _half(workshop, draw)
    trials = Trials(workshop, visible)
    proposals, even = ours(workshop), uniform(workshop, seed)
    record: dict[str, Any] = {
        "package": healthy.package.name,
        "seed": seed,
        "operator": fault.mutation.operator,
        "place": f"{fault.mutation.path}:{fault.mutation.line}",
        "failing": len(workshop.baseline.failing),
        "passing": len(workshop.baseline.passing),
        "rank": _rank(workshop.localised.suspects, fault),
        "ours": await search(trials, proposals, stop=True),
        "uniform": await search(trials, even, stop=True),
        "best-of-n": await search(trials, proposals[:_BEST_OF], stop=False),
    }
    setting = _setting(workshop, fault)
    record["safety"] = await safety(prepared, setting, fault, draw)
    pool = build_pool(trials, setting, fault, visible, draw)
    record["pool"] = [entry.kind for entry in pool]
    for name, seen in (("all", None), ("half", visible)):
        record[name] = await play(prepared, options, pool, seen)
    return record


def _half(workshop: Workshop, draw: random.Random) -> frozenset[str]:
    """Return half of the tests; of several failing ones, some are visible and some are not."""
    failing = sorted(outcome.id for outcome in workshop.baseline.failing)
    passing = sorted(workshop.baseline.passing)
    draw.shuffle(failing)
    draw.shuffle(passing)
    shown = max(1, len(failing) // 2)
    return frozenset([*failing[:shown], *passing[: len(passing) // 2]])


def _rank(suspects: Sequence[SuspectLine], fault: Fault) -> int | None:
    wanted = (fault.mutation.path, fault.mutation.line)
    places = [(suspect.path, suspect.line) for suspect in suspects]
    return places.index(wanted) + 1 if wanted in places else None


def _setting(workshop: Workshop, fault: Fault) -> Setting:
    failing = tuple(outcome.id for outcome in workshop.baseline.failing)
    sources = workshop.sources
    return Setting(sources, sources.protected, failing, fault.mutation.path)


def _ignore(event: object) -> None:
    return


async def run(arguments: argparse.Namespace) -> None:
    """Measure faults of all packages in turn until the time is up."""
    until = time.monotonic() + arguments.seconds
    results = arguments.data / _file(arguments)
    done = {(record["package"], record["seed"]) for record in read_results(results)}
    wanted = set(arguments.packages.split(",")) if arguments.packages else None
    healthy: dict[str, Healthy] = {}
    for seed in range(arguments.bugs):
        for package in PACKAGES:
            if (wanted and package.name not in wanted) or (package.name, seed) in done:
                continue
            if time.monotonic() > until:
                return
            if package.name not in healthy:
                healthy[package.name] = await measure(
                    package, arguments.data, forks=arguments.forks
                )
            await _measure_one(healthy[package.name], seed, arguments, results)


async def _measure_one(
    healthy: Healthy, seed: int, arguments: argparse.Namespace, results: Path
) -> None:
    began = time.monotonic()
    fault = await faults(healthy, seed)
    record: dict[str, Any] | None = None
    if fault:
        with charging():
            record = await one_fault(healthy, fault, seed, arguments.data, forks=arguments.forks)
    written = record or {"package": healthy.package.name, "seed": seed, "skipped": True}
    written["seconds"] = round(time.monotonic() - began, 1)
    with results.open("a", encoding="utf-8") as file:
        file.write(json.dumps(written) + "\n")
    print(json.dumps({k: v for k, v in written.items() if k not in ("all", "half")}), flush=True)


def _file(arguments: argparse.Namespace) -> str:
    return "forks.jsonl" if arguments.forks else "results.jsonl"


def read_results(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the results of earlier measurements."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def main() -> None:
    """Run the measurements, or print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of packages and results")
    parser.add_argument("--packages", help="comma-separated names of packages")
    parser.add_argument("--bugs", type=int, default=25, help="faults per package")
    parser.add_argument("--seconds", type=float, default=1e9, help="start no fault after this time")
    parser.add_argument("--forks", action="store_true", help="run tests in forks: unsafe")
    parser.add_argument("--report", action="store_true", help="only print the results so far")
    arguments = parser.parse_args()
    if not arguments.report:
        asyncio.run(run(arguments))
    show_report(list(read_results(arguments.data / _file(arguments))))


if __name__ == "__main__":
    main()
