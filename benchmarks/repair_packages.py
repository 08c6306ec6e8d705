"""Packages from the registry that include their tests, and faults to insert into them."""

import random
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from refinegraph.fixing.sources import Sources, read_sources
from refinegraph.fixing.suites import Suite, SuiteRun
from refinegraph.schema import SuspectLine
from refinegraph.tools.localisation import Line
from refinegraph.tools.localisation.recording import read_records
from refinegraph.tools.mutation import OPERATORS, Mutation, mutations
from refinegraph.tools.sandbox import Sandbox

_MOST_FAILING = 30
"""The maximum number of tests that a fault may break; more indicate that the fault is in code on
which everything depends."""
_TRIES = 12
"""Changes tried until the tests detect one: a choice."""


@dataclass(frozen=True)
class Package:
    """A package and the way its tests are run."""

    name: str
    version: str
    tests: str = ""
    """Additional arguments of the pytest command."""

    @property
    def command(self) -> str:
        """The test command, in the interpreter of the benchmark."""
        variables = "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 PYTHONPATH=src:."
        return f"env {variables} {sys.executable} -m pytest -q -o addopts= {self.tests}".strip()


PACKAGES = (
    Package("toolz", "1.2.0"),
    Package("inflection", "0.5.1"),
    Package("parse", "1.22.4"),
    Package("semver", "3.1.1"),
    Package("xmltodict", "1.0.4"),
    Package("cachetools", "8.0.1"),
    Package("tabulate", "0.10.0"),
    Package("boltons", "26.2.0"),
    Package("pyrsistent", "0.20.0"),
)


def download(package: Package, folder: Path) -> Path:
    """Return the folder with a package's sources, which are downloaded once."""
    target = folder / "packages" / package.name
    if target.is_dir():
        return target
    archives = folder / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    stem = package.name.replace("-", "_")
    archive = archives / f"{stem}-{package.version}.tar.gz"
    if not archive.exists():
        wanted = f"{package.name}=={package.version}"
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary"]
        subprocess.run([*command, ":all:", "-d", str(archives), wanted], check=True)
    with tarfile.open(archive) as content:
        content.extractall(archives, filter="data")
    target.parent.mkdir(parents=True, exist_ok=True)
    (archives / f"{stem}-{package.version}").rename(target)
    return target


class Fault(NamedTuple):
    """A change of one place that some tests detect."""

    mutation: Mutation
    original: str
    """The file before the change."""
    failing: tuple[str, ...]


class Healthy(NamedTuple):
    """An unmodified package, and the lines that its tests execute."""

    package: Package
    root: Path
    suite: Suite
    sources: Sources
    passing: frozenset[str]
    executed: tuple[Line, ...]


def suite_of(package: Package, root: Path, *, forks: bool) -> Suite:
    """Return the tests of a package: those that it includes, or its fast trusted ones."""
    if forks:
        from repair_forks import ForkedSuite

        return ForkedSuite(root, package.tests.split())
    return Suite(Sandbox(), root, package.command)


async def measure(package: Package, folder: Path, *, forks: bool) -> Healthy:
    """Run the tests of an unmodified package, and record the lines that they execute."""
    root = download(package, folder)
    suite = suite_of(package, root, forks=forks)
    sources = read_sources(root)
    first, second = await suite.run(), await suite.run(record=True)
    passing = frozenset(
        id
        for id, outcome in first.tests.items()
        if outcome.passed and id in second.tests and second.tests[id].passed
    )
    recorded = read_records(second.records, files=sources.python().keys())
    lines = sorted({line for test in recorded for line in test.lines})
    return Healthy(package, root, suite, sources, passing, tuple(lines))


async def faults(healthy: Healthy, seed: int) -> Fault | None:
    """Return a random fault, or None if no tried change is detected.

    The kind of change is drawn first, with equal probabilities, so that frequent kinds do not
    dominate the measurement.
    """
    draw = random.Random(f"{healthy.package.name}:{seed}")
    for _ in range(_TRIES):
        mutation = _draw(healthy, draw)
        if mutation is None:
            continue
        run = await healthy.suite.run({mutation.path: mutation.text}, timeout=120)
        failing = sorted(_lost(run, healthy.passing))
        reported = set(run.tests) >= healthy.passing
        if reported and 0 < len(failing) <= _MOST_FAILING:
            return Fault(mutation, healthy.sources.files[mutation.path], tuple(failing))
    return None


def _draw(healthy: Healthy, draw: random.Random) -> Mutation | None:
    operator = draw.choice(OPERATORS)
    for _ in range(60):
        line = draw.choice(healthy.executed)
        suspect = SuspectLine(path=line.path, line=line.number, score=1.0)
        sources = {line.path: healthy.sources.files[line.path]}
        changes = list(mutations(sources, [suspect], operators=[operator]))
        if changes:
            return draw.choice(changes)
    return None


def _lost(run: SuiteRun, passing: frozenset[str]) -> Iterator[str]:
    return (name for name in passing if name not in run.tests or not run.tests[name].passed)


def faulty_copy(healthy: Healthy, fault: Fault, target: Path) -> Path:
    """Return a copy of the package that contains the fault."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(healthy.root, target, symlinks=True)
    (target / fault.mutation.path).write_text(fault.mutation.text, encoding="utf-8")
    return target
