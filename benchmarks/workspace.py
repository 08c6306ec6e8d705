"""Measure the cost of a tree against a bare run, and whether the checkout stays unchanged.

    python benchmarks/workspace.py [--rounds 20] [--files 500 5000 50000] [--untouched 200]

Every round measures, one after another, a bare command, the same command in a new tree whose like
was never opened before (including opening and leaving it), and in a tree like earlier ones, which
was prepared while they ran; a copy of the checkout is made for comparison. The second line of each
size is the processor time of this process and of all children that ended in the meantime. A busy
machine hardly changes it; preparing the next tree is part of it. In every other run of
`--untouched`, the process that holds the tree is killed; the contents, modes and modification times
of the checkout are compared afterwards.
"""

import argparse
import asyncio
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from refinegraph.tools import Sandbox
from refinegraph.tools.workspace import TreePolicy
from refinegraph.tools.workspace.conformance import fingerprint

_COMMAND = ("true",)
_AT_ONCE = 32
"""Trees open at the same time: a choice."""
_HOST = """
import asyncio, sys
from refinegraph.tools import Sandbox
async def main():
    async with Sandbox().tree(sys.argv[1]) as tree:
        print("ready", flush=True)
        await tree.run(["sh", "-c", "rm -rf f0; echo x > added; git add -A; sleep 600"])
asyncio.run(main())
"""


def main() -> None:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--files", type=int, nargs="*", default=[500, 5000, 50_000])
    parser.add_argument("--untouched", type=int, default=200)
    asyncio.run(_measure(parser.parse_args()))


async def _measure(asked: argparse.Namespace) -> None:
    print(
        f"{'files':>8}{'bare':>10}{'first tree':>12}{'more':>10}{'later tree':>12}{'more':>10}"
        f"{'32 at once, each':>20}{'copy':>12}"
    )
    for count in asked.files:
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            await _measure_size(Path(folder, "checkout"), count, asked.rounds)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        root = _checkout(Path(folder, "checkout"), 500)
        same = await _untouched(root, asked.untouched)
        print(f"{same} of {asked.untouched} runs left the checkout unchanged (half were killed)")


async def _measure_size(root: Path, count: int, rounds: int) -> None:
    _checkout(root, count)
    await _in_tree(root)
    bare: list[Cost] = []
    first: list[Cost] = []
    later: list[Cost] = []
    for number in range(rounds):
        bare.append(_bare(root))
        # A policy of its own makes a tree one that was not prepared.
        first.append(await _in_tree(root, TreePolicy(disk_mb=512 + number)))
    for _ in range(rounds):
        _bare(root)
        later.append(await _in_tree(root))
    began = Cost.now()
    await asyncio.gather(*(_in_tree(root) for _ in range(_AT_ONCE)))
    together = began.passed()
    began = Cost.now()
    shutil.copytree(root, root.with_name("copy"), symlinks=True)
    copied = began.passed()
    for name, kind in ((f"{count}", "elapsed"), ("", "processor")):
        costs = ([getattr(cost, kind) for cost in sample] for sample in (bare, first, later))
        alone, *trees = map(statistics.median, costs)
        figures = [alone, *(value for tree in trees for value in (tree, tree - alone))]
        figures += [getattr(together, kind) / _AT_ONCE, getattr(copied, kind)]
        texts = [f"{1000 * value:.1f} ms" for value in figures]
        widths = (10, 12, 10, 12, 10, 20, 12)
        print(f"{name:>8}" + "".join(f"{t:>{w}}" for t, w in zip(texts, widths, strict=True)))


class Cost(NamedTuple):
    """Seconds, or points in time."""

    elapsed: float
    processor: float

    @classmethod
    def now(cls) -> "Cost":
        """Return the present."""
        usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        used = sum(usage.ru_utime + usage.ru_stime for usage in usages)
        return cls(time.perf_counter(), used)

    def passed(self) -> "Cost":
        """Return what was used since then."""
        now = Cost.now()
        return Cost(now.elapsed - self.elapsed, now.processor - self.processor)


def _bare(root: Path) -> Cost:
    began = Cost.now()
    subprocess.run(_COMMAND, cwd=root, check=True, stdin=subprocess.DEVNULL)
    return began.passed()


async def _in_tree(root: Path, policy: TreePolicy | None = None) -> Cost:
    began = Cost.now()
    async with Sandbox().tree(root, policy=policy) as tree:
        result = await tree.run(_COMMAND)
        assert result.ok
    return began.passed()


async def _untouched(root: Path, runs: int) -> int:
    before = fingerprint(root)
    same = 0
    for number in range(runs):
        await (_killed(root, number) if number % 2 else _ended(root))
        same += fingerprint(root) == before
    return same


async def _ended(root: Path) -> None:
    async with Sandbox().tree(root) as tree:
        await tree.write("f0/0.txt", "changed")
        await tree.run(["sh", "-c", "rm -rf f1; chmod -R 700 f2; touch f3/*; git add -A; true"])


async def _killed(root: Path, number: int) -> None:
    host = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOST, str(root), stdout=asyncio.subprocess.PIPE
    )
    assert host.stdout
    await host.stdout.readline()
    await asyncio.sleep(number % 10 / 100)
    host.send_signal(signal.SIGKILL)
    await host.wait()


def _checkout(root: Path, count: int) -> Path:
    for number in range(count):
        path = root / f"f{number // 100}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}\n" * 20, encoding="utf-8")
    settings = ("-c", "user.name=user", "-c", "user.email=user@localhost", "-c", "gc.auto=0")
    for arguments in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "Begin")):
        subprocess.run(["git", *settings, *arguments], cwd=root, check=True)
    return root


if __name__ == "__main__":
    main()
