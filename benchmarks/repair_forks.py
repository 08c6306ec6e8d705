"""Run tests in forks of this process, which is fast but only for trusted tests."""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest  # imported here, so that no fork has to

from refinegraph.fixing.suites import Suite, SuiteRun
from refinegraph.schema import CaseOutcome, Isolation, Verdict
from refinegraph.tools.localisation.recording import PLUGIN, PLUGIN_FOLDER
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_runs import Baseline
from refinegraph.tools.workspace import CommandResult

_POLL = 0.01
"""Seconds between two checks of a fork: a hundredth of the duration of the shortest suite."""


class ForkedSuite(Suite):
    """A pytest suite that runs in a fork of this process, in a copy of the checkout.

    It has the interface of the real suite and is faster, because pytest is already imported; the
    tests are neither isolated nor guarded.
    """

    def __init__(self, path: Path, arguments: Sequence[str] = ()) -> None:
        super().__init__(Sandbox(), path, "pytest -q")
        self.arguments = list(arguments)
        self.visible: tuple[str, ...] = ()
        self._folder = tempfile.TemporaryDirectory(prefix="refinegraph-repair-")
        self._copy = Path(self._folder.name).resolve() / path.name
        shutil.copytree(path, self._copy, symlinks=True)

    async def run(
        self,
        changes: Mapping[str, str | None] | None = None,
        *,
        only: Sequence[str] = (),
        record: bool = False,
        timeout: float | None = None,
    ) -> SuiteRun:
        """Run the tests with these files changed, and restore the files."""
        before = {path: self._read(path) for path in changes or {}}
        try:
            for path, text in (changes or {}).items():
                self._write(path, text)
            return self._forked(only or self.visible, record, timeout or 600)
        finally:
            for path, text in before.items():
                self._write(path, text)

    async def judge(
        self,
        changes: Mapping[str, str | None],
        baseline: Baseline,
        *,
        protect: Sequence[str] = (),
    ) -> Verdict:
        """Return the verdict of the whole suite, without guards."""
        return await plain_verdict(self, changes, baseline)

    async def baseline(self) -> Baseline:
        """Return the outcomes of the tests in two runs."""
        first, second = await self.run(), await self.run()
        alike = [
            id
            for id in first.tests
            if id in second.tests and first.tests[id].status == second.tests[id].status
        ]
        failed = [id for id in alike if first.tests[id].status not in ("passed", "not_run")]
        return Baseline(
            failing=tuple(first.tests[id] for id in failed),
            passing=tuple(id for id in alike if first.tests[id].passed),
            flaky=tuple(id for id in first.tests if id not in alike),
            skipped=(),
            collected=len(first.tests),
            strength="reported",
            seconds=first.result.seconds,
        )

    def _read(self, path: str) -> str | None:
        file = self._copy / path
        return file.read_text(encoding="utf-8") if file.exists() else None

    def _write(self, path: str, text: str | None) -> None:
        file = self._copy / path
        if text is None:
            file.unlink(missing_ok=True)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    def _forked(self, only: Sequence[str], record: bool, timeout: float) -> SuiteRun:
        began = time.monotonic()
        outcomes = Path(self._folder.name) / "outcomes.jsonl"
        lines = Path(self._folder.name) / "lines.jsonl"
        outcomes.unlink(missing_ok=True)
        lines.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            self._child(only, outcomes, lines if record else None)
        status, late = _wait(child, began + timeout)
        tests = _read_outcomes(outcomes)
        code = os.waitstatus_to_exitcode(status)
        result = CommandResult(
            command=("pytest",),
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            limit="timeout" if late else None,
            seconds=time.monotonic() - began,
            isolation=Isolation(tier="none"),
        )
        records = lines.read_text(encoding="utf-8") if record and lines.exists() else ""
        return SuiteRun(tests, result, records)

    def _child(self, only: Sequence[str], outcomes: Path, lines: Path | None) -> None:
        code = 70
        try:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(nowhere, number)
            os.setpgid(0, 0)
            os.chdir(self._copy)
            sys.dont_write_bytecode = True
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            sys.path[:0] = [str(self._copy / "src"), str(self._copy)]
            own = _names(self._copy)
            for name in [name for name in sys.modules if name.split(".")[0] in own]:
                del sys.modules[name]
            arguments = [
                "-q",
                "-c",
                os.devnull,
                f"--rootdir={self._copy}",
                "-p",
                "no:cacheprovider",
            ]
            arguments += self.arguments
            if lines:
                sys.path.insert(0, str(PLUGIN_FOLDER))
                os.environ["REFINEGRAPH_LINES"] = str(lines)
                os.environ["REFINEGRAPH_LINES_ROOT"] = str(self._copy)
                arguments += ["-p", PLUGIN]
            code = int(pytest.main([*arguments, *only], plugins=[_Outcomes(outcomes)]))
        finally:
            os._exit(code)


async def plain_verdict(
    suite: Suite, changes: Mapping[str, str | None], baseline: Baseline
) -> Verdict:
    """Return the verdict of a run: tests that failed before, then tests that no longer pass."""
    run = await suite.run(changes, timeout=10 + 3 * baseline.seconds)
    missing = {id: CaseOutcome(id=id, status="error") for id in baseline.failing_ids}
    wanted = [run.tests.get(id, missing[id]) for id in baseline.failing_ids]
    gone = [id for id in baseline.passing if id not in run.tests or not run.tests[id].passed]
    lost = [CaseOutcome(id=id, status="failed") for id in gone]
    passed = not lost and all(outcome.passed for outcome in wanted)
    return Verdict(
        passed=passed,
        status="passed" if passed else "failed",
        tests=(*wanted, *lost),
        isolation=Isolation(tier="weak"),
        strength="in process with guards",
    )


def _names(root: Path) -> frozenset[str]:
    """Return the names of a checkout's modules, which this process may have imported itself."""
    folders = [root, root / "src"]
    return frozenset(
        path.stem for folder in folders if folder.is_dir() for path in folder.iterdir()
    )


def _wait(child: int, until: float) -> tuple[int, bool]:
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status, False
        time.sleep(_POLL)
    os.killpg(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1], True


class _Outcomes:
    """Write the outcome of every test; the methods are pytest hooks."""

    def __init__(self, file: Path) -> None:
        self.file = file.open("w", encoding="utf-8")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            text = "" if report.passed else str(report.longrepr)[-6000:]
            row = [report.nodeid, report.outcome, hasattr(report, "wasxfail"), text]
            self.file.write(json.dumps(row) + "\n")
            self.file.flush()


def _read_outcomes(path: Path) -> dict[str, CaseOutcome]:
    tests: dict[str, CaseOutcome] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        id, outcome, expected, text = json.loads(line)
        if id in tests and not tests[id].passed:
            continue
        status = "passed" if outcome == "passed" and not expected else "failed"
        if outcome == "skipped" or expected:
            status = "not_run"
        tests[id] = CaseOutcome(id=id, status=status, traceback=text or None)
    return tests
