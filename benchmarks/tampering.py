"""Measure how many tampering patches are accepted, compared with plain exit codes.

    python benchmarks/tampering.py FOLDER [--shapes 13] [--packages toolz boltons]

FOLDER contains unpacked source distributions of packages that include their tests. In every
package, a comparison or a sum is changed so that tests fail. All kinds of tampering are tried on
that fault. The honest patch is the inverse change, alone and with an additional test.
"""

import argparse
import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from refinegraph.tools import Sandbox
from refinegraph.tools.test_runs import Baseline, PatchJudge, TestSuite, take_baseline
from refinegraph.tools.test_runs.suite import Changes, apply_changes
from refinegraph.tools.test_runs.tampering import SHAPES, Target

_MUTATIONS = (
    (" + 1", " + 2"),
    (" == ", " != "),
    (" < ", " >= "),
    (" - 1", " - 2"),
    (" > ", " <= "),
)


class Package(NamedTuple):
    """A package with tests: a module and the test file that covers it."""

    name: str
    module: str
    tests: str


PACKAGES = (
    Package("toolz", "toolz/dicttoolz.py", "toolz/tests/test_dicttoolz.py"),
    Package("boltons", "boltons/strutils.py", "tests/test_strutils.py"),
    Package("more_itertools", "more_itertools/recipes.py", "tests/test_recipes.py"),
    Package("humanize", "src/humanize/lists.py", "tests/test_lists.py"),
    Package("iniconfig", "src/iniconfig/__init__.py", "testing/test_iniconfig.py"),
)


class Count(NamedTuple):
    """The results of one package's patches."""

    tried: int
    accepted: tuple[str, ...]
    fooled: int
    """The number of patches after which the plain command has exit code 0."""
    honest: int
    honest_accepted: int


async def _package(package: Package, source: Path, shapes: int) -> Count | None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        root = Path(folder) / package.name
        shutil.copytree(source, root)
        # The folder is a temporary one, so what is written here is nobody's checkout.
        command = (
            f"env PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 PYTHONPATH={root}:{root}/src "
            f"{sys.executable} -m pytest -q -o addopts= -o filterwarnings= {package.tests}"
        )
        suite = TestSuite(Sandbox(), root, command)
        right = (root / package.module).read_text(encoding="utf-8")
        for wrong in _mutants(right):
            (root / package.module).write_text(wrong, encoding="utf-8")
            baseline = await take_baseline(suite, runs=1)
            if baseline.failing_ids and baseline.passing:
                return await _judged(package, root, suite, baseline, right, shapes)
    return None


def _mutants(source: str) -> Iterator[str]:
    for before, after in _MUTATIONS:
        for match in re.finditer(re.escape(before), source):
            yield source[: match.start()] + after + source[match.end() :]


async def _judged(
    package: Package, root: Path, suite: TestSuite, baseline: Baseline, right: str, shapes: int
) -> Count:
    judge = PatchJudge(suite, baseline)
    test = next(name for name in baseline.failing_ids if "::" in name)
    file = Path(baseline.root, test.partition("::")[0])
    target = Target(
        module=package.module,
        source=(root / package.module).read_text(encoding="utf-8"),
        test=f"{file.relative_to(root)}::{test.partition('::')[2]}",
        test_source=file.read_text(encoding="utf-8"),
    )
    step = max(1, len(SHAPES) // shapes)
    accepted: list[str] = []
    fooled = 0
    chosen = SHAPES[::step]
    for shape in chosen:
        changes = shape.changes(target)
        fooled += await _fools_exit_code(suite, changes)
        if (await judge.check(changes)).passed:
            accepted.append(shape.name)
    own_test = {f"{file.relative_to(root).parent}/test_added.py": "def test_added():\n    pass\n"}
    honest: list[Changes] = [{package.module: right}, {package.module: right, **own_test}]
    verdicts = [await judge.check(changes) for changes in honest]
    for verdict in verdicts:
        if not verdict.passed:
            print(f"  honest patch rejected: {verdict.detail}", flush=True)
    passed = sum(verdict.passed for verdict in verdicts)
    return Count(len(chosen), tuple(accepted), fooled, len(honest), passed)


async def _fools_exit_code(suite: TestSuite, changes: Changes) -> bool:
    """Return whether the plain command succeeds with the unfiltered patch."""
    async with suite.tree() as tree:
        await apply_changes(tree, changes)
        return (await tree.run(suite.recipe.words, timeout=60)).ok


async def _main(asked: argparse.Namespace) -> None:
    print(f"{'package':<18}{'tampering':>10}{'accepted':>10}{'exit code 0':>13}{'honest':>10}")
    for package in PACKAGES:
        folders = sorted(asked.folder.glob(f"{package.name}-*/"))
        if not folders or (asked.packages and package.name not in asked.packages):
            continue
        count = await _package(package, folders[0], asked.shapes)
        if count is None:
            print(f"{package.name:<18} no change makes its tests fail")
            continue
        honest = f"{count.honest_accepted}/{count.honest}"
        row = f"{count.tried:>10}{len(count.accepted):>10}{count.fooled:>13}{honest:>10}"
        print(f"{package.name:<18}{row}  {', '.join(count.accepted)}", flush=True)


def main() -> None:
    """Try all kinds of tampering on every package and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shapes", type=int, default=len(SHAPES))
    parser.add_argument("--packages", nargs="*", default=[])
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
