"""A pytest plugin that records which lines of a directory every test executes.

It runs in the interpreter of the tests, so it needs only pytest and the standard library (it uses
coverage.py if that interpreter has it) and supports Python 3.8 and later. At the end of the session
it writes one JSON object per test to the file that `REFINEGRAPH_LINES` names, with a bit mask of
the executed lines of every file. The empty name stands for code that ran outside of tests, mainly
module bodies.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_Lines = dict[str, set[int]]
"""Executed lines by file."""
_REPORT = "(report)"
"""What is executed for a report goes under this name, which no test has, and is not written."""


class _Tracer:
    """Collect executed lines with `sys.settrace`."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.seen: dict[str, _Lines] = {"": {}}
        self.current = self.seen[""]
        self.names: dict[str, str] = {}

    def start(self) -> None:
        sys.settrace(self._enter)
        threading.settrace(self._enter)

    def switch(self, test: str) -> None:
        """Attribute the following lines to a test; an empty name stands for no test."""
        self.current = self.seen.setdefault(test, {})
        if sys.gettrace() is None:  # a test with its own tracer removed this one
            self.start()

    def finish(self) -> dict[str, _Lines]:
        """Stop, and return the lines of every test."""
        sys.settrace(None)
        return self.seen

    def _enter(self, frame: Any, event: str, argument: Any) -> Any:
        filename = frame.f_code.co_filename
        name = self.names.get(filename)
        if name is None:
            name = self.names[filename] = _name_under(self.root, filename)
        if not name:
            return None
        lines = self.current.setdefault(name, set())
        lines.add(frame.f_lineno)

        def local(frame: Any, event: str, argument: Any) -> Any:
            if event == "line":
                lines.add(frame.f_lineno)
            return local

        return local


class _Coverage:
    """Collect executed lines with coverage.py, whose tracer is written in C."""

    def __init__(self, root: str, coverage: Any) -> None:
        self.root = root
        self.coverage = coverage.Coverage(
            data_file=None, source=[root], config_file=False, messages=False
        )
        self.coverage._warn_no_data = False
        self.coverage._warn_unimported_source = False

    def start(self) -> None:
        self.coverage.start()

    def switch(self, test: str) -> None:
        """Attribute the following lines to a test; an empty name stands for no test."""
        self.coverage.switch_context(test)

    def finish(self) -> dict[str, _Lines]:
        """Stop, and return the lines of every test."""
        self.coverage.stop()
        data = self.coverage.get_data()
        seen: dict[str, _Lines] = {"": {}}
        for filename in data.measured_files():
            name = _name_under(self.root, filename)
            for line, tests in data.contexts_by_lineno(filename).items() if name else ():
                for test in tests:
                    seen.setdefault(test, {}).setdefault(name, set()).add(line)
        return seen


def _name_under(root: str, filename: str) -> str:
    """Return a file's path relative to the root, or an empty string if it lies elsewhere."""
    path = os.path.realpath(filename)
    return path[len(root) + 1 :].replace(os.sep, "/") if path.startswith(root + os.sep) else ""


def _collector(root: str) -> _Tracer | _Coverage:
    try:
        import coverage

        if coverage.Coverage.current() is None:  # a running measurement must not be disturbed
            return _Coverage(root, coverage)
    except Exception:  # missing, too old or broken: the tracer below needs nothing
        pass
    return _Tracer(root)


class _Recorder:
    """Write the lines that every test executed; the methods are pytest hooks."""

    def __init__(self, file: Path, collector: _Tracer | _Coverage) -> None:
        self.file = file
        self.collector = collector
        self.failed: dict[str, bool] = {}

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.collector.switch(nodeid)
        self.failed[nodeid] = False

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: Any) -> Generator[None, None, None]:
        """Leave out the `__repr__` of values in a report: only failing tests would execute it."""
        self.collector.switch(_REPORT)
        yield
        self.collector.switch(item.nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.failed[report.nodeid] = self.failed.get(report.nodeid, False) or report.failed

    def pytest_runtest_logfinish(self) -> None:
        self.collector.switch("")

    def pytest_sessionfinish(self) -> None:
        seen = self.collector.finish()
        with self.file.open("w", encoding="utf-8") as file:
            for test in ["", *self.failed]:
                lines = seen.get(test, {})
                masks = {name: format(_mask(numbers), "x") for name, numbers in lines.items()}
                record = {"test": test, "failed": self.failed.get(test, False), "lines": masks}
                file.write(json.dumps(record) + "\n")


def _mask(lines: set[int]) -> int:
    bits = 0
    for line in lines:
        if line > 0:
            bits |= 1 << line
    return bits


@pytest.hookimpl(hookwrapper=True)
def pytest_load_initial_conftests(early_config: Any) -> Generator[None, None, None]:
    """Keep pytest-cov from starting: of two tracers, only the later one sees any line."""
    if os.environ.get("REFINEGRAPH_LINES"):
        early_config.known_args_namespace.no_cov = True
    yield


def pytest_configure(config: Any) -> None:
    """Start recording if the environment asks for it."""
    file = os.environ.get("REFINEGRAPH_LINES")
    if file and not hasattr(config, "workerinput"):
        root = os.path.realpath(os.environ.get("REFINEGRAPH_LINES_ROOT") or ".")
        collector = _collector(root)
        recorder = _Recorder(Path(file), collector)
        config.pluginmanager.register(recorder, "refinegraph-lines-recorder")
        collector.start()
