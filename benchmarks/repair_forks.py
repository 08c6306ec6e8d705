"""Run pytest in forks of this process: fast, and without any isolation of its own.

The process has imported pytest already, so a run costs little more than its tests. It is meant for
the inside of a tree, which confines it as a whole.
"""

import gc
import json
import math
import os
import resource
import runpy
import select
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from _pytest.config import default_plugins

from refinegraph.tools.localisation.recording import PLUGIN, PLUGIN_FOLDER

Changes = Mapping[str, str | None]
_MEMORY = 2 << 30
"""Bytes of addresses of one run: many times what any of the suites needs."""
_PATIENCE = 40
"""Elapsed seconds after which a run is killed that sleeps. Processor time, which a busy machine
does not change, ends the others."""


class ForkedRun(NamedTuple):
    """How the tests of one run ended."""

    statuses: Mapping[str, str]
    """`passed`, `failed` or `not_run` by test."""
    texts: Mapping[str, str]
    """What failing tests printed."""
    code: int | None
    """The exit code; None if the run was killed."""
    seconds: float
    """Processor time."""
    records: str = ""
    """The executed lines, as JSON lines."""

    def passes(self, name: str) -> bool:
        """Return whether a test passed."""
        return self.statuses.get(name) == "passed"


class ForkedTests:
    """The pytest suite of a checkout, which is changed in place and put back."""

    def __init__(self, root: Path, arguments: Sequence[str] = ()) -> None:
        self.root = root
        self.arguments = list(arguments)
        for name in default_plugins:  # imported here, so that no fork has to
            import_module(f"_pytest.{name}")
        gc.freeze()  # else the collections of a fork would copy the memory of this process
        folder = Path(tempfile.mkdtemp(prefix="refinegraph-forks-"))
        self._outcomes, self._lines = folder / "outcomes.jsonl", folder / "lines.jsonl"

    def run(
        self,
        changes: Changes | None = None,
        *,
        only: Sequence[str] = (),
        record: bool = False,
        limit: float = 60,
        first: bool = False,
        keep_bytecode: bool = False,
    ) -> ForkedRun:
        """Run the tests, or some of them, with these files changed.

        Args:
            changes: Texts by path; None for a file to delete.
            only: The tests to run; all of them if empty.
            record: Whether to record the executed lines.
            limit: Seconds of processor time after which the run is killed.
            first: Whether the run ends with the first test that fails.
            keep_bytecode: Whether the run writes the compiled tests that later runs read.
        """
        before = {path: self._state(path) for path in changes or {}}
        try:
            for path, text in (changes or {}).items():
                self._write(path, text)
            words = [*(only or self.arguments), *(["-x"] if first else [])]
            return self._forked(words, record, limit, keep_bytecode)
        finally:
            for path, (text, times) in before.items():
                self._write(path, text)
                if times:  # else the bytecode of the file would no longer count
                    os.utime(self.root / path, ns=times)

    def _state(self, path: str) -> tuple[str | None, tuple[int, int] | None]:
        file = self.root / path
        if not file.exists():
            return None, None
        status = file.stat()
        return file.read_text(encoding="utf-8"), (status.st_atime_ns, status.st_mtime_ns)

    def _write(self, path: str, text: str | None) -> None:
        file = self.root / path
        if text is None:
            file.unlink(missing_ok=True)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    def _forked(
        self, words: Sequence[str], record: bool, limit: float, keep_bytecode: bool
    ) -> ForkedRun:
        began = _used()
        self._outcomes.unlink(missing_ok=True)
        self._lines.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            seconds = math.ceil(limit)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))  # of what a test starts
            signal.setitimer(signal.ITIMER_PROF, limit)
            self._child(words, record, keep_bytecode)
        code = _wait(child)
        statuses, texts = _read_outcomes(self._outcomes)
        records = self._lines.read_text() if record and self._lines.exists() else ""
        return ForkedRun(statuses, texts, code, _used() - began, records)

    def _child(self, words: Sequence[str], record: bool, keep_bytecode: bool) -> None:
        code = 70
        try:
            os.setpgid(0, 0)
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
            nowhere = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(nowhere, number)
            self._enter(keep_bytecode)
            gc.disable()  # a run is too short for it to pay
            arguments = ["-q", "-c", os.devnull, "-p", "no:cacheprovider"]
            # Without the second one, pytest looks for tests from the root of the file system on.
            arguments += [f"--rootdir={self.root}", f"--confcutdir={self.root}"]
            if record:
                arguments += self._recording()
            code = int(pytest.main([*arguments, *words], plugins=[_Outcomes(self._outcomes)]))
        finally:
            os._exit(code)

    def _enter(self, keep_bytecode: bool) -> None:
        """Make this process one that was started in the checkout."""
        os.chdir(self.root)
        sys.dont_write_bytecode = not keep_bytecode
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        sys.path[:0] = [str(self.root / "src"), str(self.root)]
        own = {path.stem for folder in (self.root, self.root / "src") for path in _listed(folder)}
        for name in [name for name in sys.modules if name.split(".")[0] in own]:
            del sys.modules[name]
        if (self.root / "sitecustomize.py").exists():
            runpy.run_path(str(self.root / "sitecustomize.py"))

    def _recording(self) -> list[str]:
        sys.path.insert(0, str(PLUGIN_FOLDER))
        os.environ["REFINEGRAPH_LINES"] = str(self._lines)
        os.environ["REFINEGRAPH_LINES_ROOT"] = str(self.root)
        return ["-p", PLUGIN]


def _used() -> float:
    """Return the processor time of all runs that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _listed(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _wait(child: int) -> int | None:
    """Return the exit code of a fork, or None if it was killed."""
    ended = os.pidfd_open(child)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    in_time = bool(poll.poll(_PATIENCE * 1000))
    os.close(ended)
    with suppress(OSError):
        os.killpg(child, signal.SIGKILL)  # what a test left running ends with the run
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if in_time and code >= 0 else None


class _Outcomes:
    """Write how every test ended; the methods are pytest's hooks."""

    def __init__(self, file: Path) -> None:
        self.file = file.open("w", encoding="utf-8")

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            text = "" if report.passed else str(report.longrepr)[-6000:]
            row = [report.nodeid, report.outcome, hasattr(report, "wasxfail"), text]
            self.file.write(json.dumps(row) + "\n")
            self.file.flush()


def _read_outcomes(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    statuses: dict[str, str] = {}
    texts: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        name, outcome, expected, text = json.loads(line)
        if statuses.get(name) == "failed":
            continue
        statuses[name] = "not_run" if outcome == "skipped" or expected else outcome
        if text:
            texts[name] = text
    return statuses, texts
