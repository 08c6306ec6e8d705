"""A pytest plug-in that reports every test to the host, over a pipe that was opened before.

It is loaded before any file of the checkout, takes what it needs while nothing of the checkout has
run, and leaves no trace in the environment, so that a pytest started by a test does not load it.
It imports nothing of the package: it runs with the checkout's own interpreter, whatever that is.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import sys
import unittest
from typing import TYPE_CHECKING, Any, cast

import _pytest.assertion.rewrite
import _pytest.python
import _pytest.reports
import _pytest.runner
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

_LONGEST = 6000
_WATCHED: Any = (
    (pytest, "main"),
    (pytest, "raises"),
    (pytest, "skip"),
    (pytest, "fail"),
    (_pytest.runner, "call_and_report"),
    (_pytest.runner, "runtestprotocol"),
    (_pytest.runner, "pytest_runtest_protocol"),
    (_pytest.runner, "pytest_runtest_makereport"),
    (_pytest.runner, "pytest_runtest_call"),
    (_pytest.runner.CallInfo, "from_call"),
    (_pytest.reports.TestReport, "from_item_and_call"),
    (_pytest.reports.TestReport, "__init__"),
    (_pytest.python.Function, "runtest"),
    (_pytest.python, "pytest_pyfunc_call"),
    (_pytest.assertion.rewrite, "rewrite_asserts"),
    (_pytest.assertion.rewrite, "_call_reprcompare"),
    (_pytest.assertion.rewrite.AssertionRewritingHook, "exec_module"),
    (unittest.TestCase, "run"),
    (unittest.TestCase, "assertEqual"),
    (unittest.TestCase, "assertTrue"),
    (unittest.TestCase, "assertRaises"),
    (unittest.TestCase, "fail"),
    (os, "_exit"),
    (os, "write"),
    (json, "dumps"),
    (hmac, "new"),
)
"""What decides how a test ends, by the object that holds it."""


class _Pipe:
    """Writes signed records, numbered one after another."""

    def __init__(self, number: int, key: bytes) -> None:
        self._number, self._key, self._count = number, key, 0
        self._write, self._dumps, self._sign = os.write, json.dumps, hmac.new
        self._process, self._getpid = os.getpid(), os.getpid

    def send(self, **record: Any) -> None:
        """Write one record; forks of the process write none."""
        if self._getpid() != self._process:
            return
        body = self._dumps([self._count, record]).encode()
        self._count += 1
        line = self._sign(self._key, body, hashlib.sha256).hexdigest().encode() + body + b"\n"
        while line:
            line = line[self._write(self._number, line) :]


def _take_pipe() -> _Pipe | None:
    """Return the pipe, and remove every sign of it from the environment."""
    numbers = os.environ.pop("REFINEGRAPH_GUARD", "")
    for name in ("PYTEST_ADDOPTS", "PYTHONPATH"):
        before = os.environ.pop("REFINEGRAPH_" + name, None)
        if before is not None:
            os.environ[name] = before
            if not before:
                del os.environ[name]
    if not numbers:
        return None
    results, keys = map(int, numbers.split(","))
    try:
        with os.fdopen(keys, "rb") as file:
            key = file.read()
        flags = fcntl.fcntl(results, fcntl.F_GETFD)
        fcntl.fcntl(results, fcntl.F_SETFD, flags | fcntl.FD_CLOEXEC)
    except OSError:
        return None
    return _Pipe(results, key)


def _held(owner: Any, name: str) -> Any:
    value = cast("dict[str, Any]", vars(owner)).get(name)
    return getattr(value, "__func__", value)


def _name(owner: Any, name: str) -> str:
    return getattr(owner, "__name__", str(owner)) + "." + name


_originals = [(place, _held(*place)) for place in _WATCHED if hasattr(*place)]
_modules = {name: sys.modules.get(name) for name in ("pytest", "_pytest", "unittest", "os")}


def _patched() -> list[str]:
    """Return what is no longer what it was when the plug-in was loaded."""
    changed = [_name(*place) for place, was in _originals if _held(*place) is not was]
    changed += ["sys.modules." + n for n, was in _modules.items() if sys.modules.get(n) is not was]
    return changed


class Guard:
    """Reports what pytest's own hooks say, and what it sees itself beside them."""

    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe
        self._raised: dict[tuple[str, str], bool] = {}

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, None]:
        """Note whether the test raised, whatever others make of it."""
        self._raised[item.nodeid, call.when] = call.excinfo is not None
        yield

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Report one phase of a test."""
        raised = self._raised.pop((report.nodeid, report.when), None)
        expected = getattr(report, "wasxfail", None)
        message, text = "", ""
        if report.outcome != "passed" or expected is not None:
            message, text = _texts(report)
        self._pipe.send(
            kind="test",
            id=report.nodeid,
            when=report.when,
            outcome=report.outcome,
            raised=raised,
            expected=None if expected is None else str(expected),
            seconds=float(report.duration),
            message=message,
            text=text,
        )

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: Any) -> None:
        """Report which tests will be run."""
        self._pipe.send(kind="collected", ids=[item.nodeid for item in session.items])

    def pytest_deselected(self, items: Any) -> None:
        """Report which tests are left out."""
        self._pipe.send(kind="deselected", ids=[item.nodeid for item in items])

    def pytest_collectreport(self, report: Any) -> None:
        """Report a file that cannot be collected."""
        if report.failed:
            message, text = _texts(report)
            self._pipe.send(kind="uncollected", id=report.nodeid, message=message, text=text)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: Any, exitstatus: Any) -> Generator[None, Any, None]:
        """Report the end, and what has been replaced by then."""
        yield
        manager = session.config.pluginmanager
        plugins = sorted({_plugin_name(plugin) for plugin in manager.get_plugins()})
        self._pipe.send(kind="end", code=int(exitstatus), patched=_patched(), plugins=plugins)


def _plugin_name(plugin: Any) -> str:
    owner = _named(plugin)
    module = getattr(owner, "__module__", "")
    return (module + "." if module else "") + getattr(owner, "__name__", "?")


def _named(plugin: Any) -> Any:
    return plugin if hasattr(plugin, "__file__") else plugin.__class__


def _texts(report: Any) -> tuple[str, str]:
    """Return the last line that says what went wrong, and the whole text, cut."""
    message = text = ""
    with contextlib.suppress(Exception):
        text = str(getattr(report, "longreprtext", "") or "")
        crash = getattr(report.longrepr, "reprcrash", None)
        message = str(getattr(crash, "message", "") or "")
        if not message and report.longrepr.__class__ is tuple:
            message = str(report.longrepr[-1])
    message = message or text.strip().rpartition("\n")[2]
    return message[:600], text if len(text) <= _LONGEST else "..." + text[-_LONGEST:]


def pytest_configure(config: Any) -> None:
    """Begin to report, in the process that the command itself started."""
    if _pipe is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Guard(_pipe), "refinegraph-guard-reports")
        _pipe.send(kind="begin", version=pytest.__version__, root=str(config.rootpath))


_pipe = _take_pipe()
