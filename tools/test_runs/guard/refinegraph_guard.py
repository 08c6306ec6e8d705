"""A pytest plugin that reports every test to the host through an inherited pipe.

It is loaded before any file of the checkout, saves the functions that it needs before code of the
checkout runs, and removes its environment variables, so that a pytest started by a test does not
load it. It must not import this package, since it runs in the checkout's own interpreter.
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

_MAX_TEXT = 6000
"""Characters kept from the end of a failing test's text: enough for a traceback with its values."""
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
"""Functions that decide the outcome of a test, as pairs of owner and name."""


class _Pipe:
    """Write signed and numbered records."""

    def __init__(self, number: int, key: bytes) -> None:
        self._number, self._key, self._count = number, key, 0
        self._write, self._dumps, self._sign = os.write, json.dumps, hmac.new
        self._process, self._getpid = os.getpid(), os.getpid

    def send(self, **record: Any) -> None:
        """Write one record, except in forks of the process."""
        if self._getpid() != self._process:
            return
        body = self._dumps([self._count, record]).encode()
        self._count += 1
        line = self._sign(self._key, body, hashlib.sha256).hexdigest().encode() + body + b"\n"
        while line:
            line = line[self._write(self._number, line) :]


def _take_pipe() -> _Pipe | None:
    """Return the pipe and remove all traces of it from the environment."""
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


_originals = [(target, _held(*target)) for target in _WATCHED if hasattr(*target)]
_modules = {name: sys.modules.get(name) for name in ("pytest", "_pytest", "unittest", "os")}


def _patched() -> list[str]:
    """Return the watched functions and modules that were replaced since the plugin was loaded."""
    changed = [_name(*target) for target, was in _originals if _held(*target) is not was]
    changed += ["sys.modules." + n for n, was in _modules.items() if sys.modules.get(n) is not was]
    return changed


class Guard:
    """Report the results of pytest's hooks, and whether tests raised an exception."""

    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe
        self._raised: dict[tuple[str, str], bool] = {}

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, None]:
        """Record whether the test raised, whatever other plugins make of it."""
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
        """Report the collected tests."""
        self._pipe.send(kind="collected", ids=[item.nodeid for item in session.items])

    def pytest_deselected(self, items: Any) -> None:
        """Report the deselected tests."""
        self._pipe.send(kind="deselected", ids=[item.nodeid for item in items])

    def pytest_collectreport(self, report: Any) -> None:
        """Report a file that cannot be collected."""
        if report.failed:
            message, text = _texts(report)
            self._pipe.send(kind="uncollected", id=report.nodeid, message=message, text=text)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: Any, exitstatus: Any) -> Generator[None, Any, None]:
        """Report the end of the session, replaced functions and loaded plugins."""
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
    """Return the message of a failure and the end of its whole text."""
    message = text = ""
    with contextlib.suppress(Exception):
        text = str(getattr(report, "longreprtext", "") or "")
        crash = getattr(report.longrepr, "reprcrash", None)
        message = str(getattr(crash, "message", "") or "")
        if not message and report.longrepr.__class__ is tuple:
            message = str(report.longrepr[-1])
    message = message or text.strip().rpartition("\n")[2]
    return message[:600], text if len(text) <= _MAX_TEXT else "..." + text[-_MAX_TEXT:]


def pytest_configure(config: Any) -> None:
    """Start reporting in the main process, not in the workers of pytest-xdist."""
    if _pipe is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Guard(_pipe), "refinegraph-guard-reports")
        _pipe.send(kind="begin", version=pytest.__version__, root=str(config.rootpath))


_pipe = _take_pipe()
