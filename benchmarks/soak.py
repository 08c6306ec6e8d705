"""Run many hostile and honest programs, and check that none of them leaves anything behind.

    python benchmarks/soak.py --runs 20000

The benchmark regularly prints the descriptors, mounts, memory and processes of this process and its
workers. Its exit code is 1 if one of these has grown, if a program ended in an unexpected way, or
if a program did harm.
"""

import argparse
import asyncio
import itertools
import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from refinegraph.tools import Sandbox, run_conformance
from refinegraph.tools.sandbox.conformance import CASES

_SLOW = {"cpu_exceeded", "timeout", "memory_exceeded"}
_GROWTH_MB = 16
"""Growth of memory beyond which the run fails: a choice."""
_WARM_UP = 2
"""The number of batches after which resources are compared with their first values."""


@dataclass(frozen=True)
class Held:
    """The resources that this process and its workers use at one time."""

    descriptors: int
    guests: int
    guest_descriptors: int
    mounts: int
    host_mb: int
    largest_guest_mb: int

    @classmethod
    def now(cls) -> "Held":
        """Measure the resources."""
        guests = _guests_of(os.getpid())
        return cls(
            descriptors=_descriptors(os.getpid()),
            guests=len(guests),
            guest_descriptors=max(map(_descriptors, guests), default=0),
            mounts=len(Path("/proc/self/mounts").read_text().splitlines()),
            host_mb=_resident_mb(os.getpid()),
            largest_guest_mb=max(map(_resident_mb, guests), default=0),
        )

    def grown_since(self, before: "Held") -> list[str]:
        """Name the resources that have grown; the number of workers may vary."""
        grown: list[str] = []
        if self.guest_descriptors > before.guest_descriptors:
            grown.append("descriptors of a worker")
        if self.mounts > before.mounts:
            grown.append("mounts")
        if self.host_mb > before.host_mb + _GROWTH_MB:
            grown.append("memory of the host")
        if self.largest_guest_mb > before.largest_guest_mb + _GROWTH_MB:
            grown.append("memory of a worker")
        if self.descriptors - 2 * self.guests > before.descriptors - 2 * before.guests + 8:
            grown.append("descriptors of the host")
        return grown


def _guests_of(host: int) -> list[int]:
    guests: list[int] = []
    for path in Path(f"/proc/{host}/task").glob("*/children"):
        try:
            children = [int(process) for process in path.read_text().split()]
        except OSError:
            continue
        for child in children:
            guests += [child, *_guests_of(child)]
    return guests


def _descriptors(process: int) -> int:
    try:
        return len(list(Path(f"/proc/{process}/fd").iterdir()))
    except OSError:
        return 0


def _resident_mb(process: int) -> int:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * resource.getpagesize() >> 20


async def soak(runs: int, *, every: int) -> int:
    """Run `runs` programs; return the number of problems found."""
    cases = [case for case in CASES if not _SLOW & {*case.expected}]
    endless, wrong, began = itertools.cycle(cases), 0, time.monotonic()
    before: Held | None = None
    for done in range(0, runs, every):
        report = await run_conformance(
            Sandbox, list(itertools.islice(endless, every)), concurrency=4
        )
        held = Held.now()
        if done // every == _WARM_UP:
            before = held
        bad = [str(result) for result in report.results if not result.ok]
        bad += held.grown_since(before) if before else []
        wrong += len(bad)
        print(
            f"{done + every:7,} runs, {time.monotonic() - began:6.0f} s  {held}", *bad, sep="\n  "
        )
        sys.stdout.flush()
    return wrong


def main() -> int:
    """Run the programs; return 1 if a problem was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--every", type=int, default=1_000)
    options = parser.parse_args()
    wrong = asyncio.run(soak(options.runs, every=options.every))
    print(f"problems found: {wrong}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
