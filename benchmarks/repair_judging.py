"""Judge tampering and honest patches with the shipped checker, and by plain pytest's exit code."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from repair_packages import PACKAGES, download
from repair_tampering import TAMPERING, Setting
from repair_tampering import honest as honest_patches

from refinegraph.fixing.baseline import Localised
from refinegraph.fixing.checker import suite_checker
from refinegraph.fixing.options import FixOptions
from refinegraph.fixing.problem import repository_problem
from refinegraph.fixing.reading import patch_reader
from refinegraph.fixing.sources import Sources, read_sources
from refinegraph.fixing.suites import Suite
from refinegraph.schema import Candidate, Problem
from refinegraph.tools.patches import apply_patch
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_runs import take_baseline
from refinegraph.tools.test_runs.commands import split_command
from refinegraph.tools.test_runs.suite import apply_changes

IN_MODULE = ("tampering:exit-zero", "tampering:forged-reports", "tampering:rewritten-report")
"""Tampering that the reader of patches cannot leave out, so that running it decides."""

_PLAIN = (*(f"tampering:{name}" for name in TAMPERING), "inverse")
"""Patches that plain pytest judges as well; for other honest ones it runs the same program."""

Row = dict[str, Any]


class _Bench(NamedTuple):
    """A faulty copy of a package, ready to judge patches."""

    suite: Suite
    sources: Sources
    problem: Problem
    checker: suite_checker
    command: tuple[str, ...]


async def judge_row(row: Row, data: Path, *, honest: int) -> Row:
    """Return whether patches of one fault are accepted by us and by plain pytest.

    For the first `honest` faults of a package, all tampering patches of the pool and honest ones
    are judged. For the others, only tampering is judged that nothing but a run can tell, and not by
    plain pytest, whose exit code on it the pool has already.
    """
    judged: Row = {"package": row["package"], "seed": row["seed"], "tampering": {}, "honest": {}}
    many = row["seed"] < honest
    kinds = {entry["kind"] for entry in row["pool"]}
    if not many and not kinds.intersection(IN_MODULE):
        return judged
    (data / "work").mkdir(exist_ok=True)
    with TemporaryDirectory(dir=data / "work") as folder:
        bench = await _bench(row, data, Path(folder, row["package"]))
        for group, name, patch in _patches(row, bench, data, many=many):
            plain = await _passes_plainly(bench, patch) if many and name in _PLAIN else None
            judged[group][name] = [await _accepted(bench, patch), plain]
    return judged


def _patches(row: Row, bench: _Bench, data: Path, *, many: bool) -> Iterator[tuple[str, str, str]]:
    """Yield group, name and patch."""
    for entry in row["pool"]:
        if entry["kind"].startswith("tampering:") and (many or entry["kind"] in IN_MODULE):
            yield "tampering", entry["kind"], entry["patch"]
    if many:
        original = (_root(row, data) / row["path"]).read_text(encoding="utf-8")
        sources = bench.sources
        setting = Setting(sources, sources.protected, tuple(row["failing"]), row["path"])
        for name, patch in honest_patches(setting, original).items():
            yield "honest", name, patch


def _root(row: Row, data: Path) -> Path:
    return download(next(p for p in PACKAGES if p.name == row["package"]), data)


async def _bench(row: Row, data: Path, place: Path) -> _Bench:
    package = next(package for package in PACKAGES if package.name == row["package"])
    shutil.copytree(download(package, data), place, symlinks=True)
    (place / row["path"]).write_text(row["text"], encoding="utf-8")
    suite, sources = Suite(Sandbox(), place, package.command), read_sources(place)
    baseline = await take_baseline(suite.tests, runs=1)
    localised = Localised((), None)
    options = FixOptions(path=str(place), test=package.command)
    problem = repository_problem(options, sources, baseline, localised, "")
    command = split_command(package.command)
    return _Bench(suite, sources, problem, suite_checker(suite, sources, baseline), command)


async def _accepted(bench: _Bench, patch: str) -> bool:
    """Read and check a patch as a run does."""
    reading = patch_reader(bench.sources)(patch, bench.problem)
    if not reading.program:
        return False
    candidate = Candidate(id="0.0", text=patch, program=reading.program)
    return (await bench.checker(bench.problem, candidate, ())).passed


async def _passes_plainly(bench: _Bench, patch: str) -> bool:
    """Return whether the test command exits with 0 on the patch as it is, without any guard."""
    changes = apply_patch(patch, bench.sources.every_file.get)
    async with bench.suite.tests.tree() as tree:
        await apply_changes(tree, changes)
        return (await tree.run(bench.command, timeout=60)).ok
