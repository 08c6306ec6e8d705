"""What holds for every test: no real model is called, and nothing is skipped in silence.

`REFINEGRAPH_REQUIRE` names, joined by commas, what this machine is to have (see `SKIPS`): a test
that is skipped for want of it fails. A test that is skipped for a reason that is not listed here
always fails.
"""

import os
import re
import signal
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from refinegraph.agents.models import block_real_calls

# A busy machine is no failure: examples may take as long as a test may.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

ROOT = Path(__file__).resolve().parent
INSTALLED_INSIDE = ("agents", "graphs", "tools")
"""Folders that are installed as packages inside `refinegraph` and importable only as such."""

SKIPS = {
    "browser": "no chromium on this machine",
    "axe": "could not import '(playwright|axe_playwright_python)",
    "postgres": "no PostgreSQL on this machine",
    "tmux": "no tmux on this machine",
    "shells": "no (bash|zsh|fish|setsid) on this machine",
    "local": "the extra 'local' is not installed",
    "llm": "llm and treequest cannot be installed together",
    "math": "could not import 'math_verify'",
    "otel": "could not import 'opentelemetry",
    "scipy": "could not import 'scipy",
    "tokenizers": "it comes with litellm",
    "training": "torch comes with the group 'training'",
    "trl": "trl is not installed",
    "datasets": "datasets is not installed",
    "ray": "ray is not installed",
    "parquet": "pyarrow is not installed",
    "openssl": "no openssl on this machine",
    "docker": "no Docker engine",
    "no docker": "there is an engine here",
    "data": "no recorded generations in|the recorded data are not at hand|.* is not there$",
    "linux": "looks into /proc|needs /proc",
    "x86-64": "numbers of x86-64",
    "root": "nobody becomes root who is not|the other tests run as an unprivileged user",
    "python for all": "no interpreter of this version that an unprivileged user may run",
    "full isolation": "weaker isolation here: ",
}
"""Every allowed reason to skip a test, by the name of the missing requirement."""

# A shell starts what it runs in the background with interrupts ignored, and every program that a
# test starts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ["REFINEGRAPH_HOME"] = tempfile.mkdtemp(prefix="refinegraph-tests-")

block_real_calls(allow=("http://127.0.0.1:", "http://localhost:"))


def pytest_configure(config: pytest.Config) -> None:
    """Take `graphs/nodes.py` for `refinegraph/graphs/nodes.py`; check what is required."""
    config.args = [_as_installed(argument) for argument in config.args]
    unknown = _required() - SKIPS.keys()
    if unknown:
        known = ", ".join(SKIPS)
        raise pytest.UsageError(f"REFINEGRAPH_REQUIRE={','.join(unknown)!r}; known are: {known}.")


def _as_installed(argument: str) -> str:
    path, colons, name = argument.partition("::")
    try:
        inside = Path(path).resolve().relative_to(ROOT)
    except ValueError:
        return argument
    if inside.parts[:1] and inside.parts[0] in INSTALLED_INSIDE:
        return f"{ROOT / 'refinegraph' / inside}{colons}{name}"
    return argument


def _required() -> set[str]:
    names = os.environ.get("REFINEGRAPH_REQUIRE", "").split(",")
    return {name.strip() for name in names if name.strip()}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a disallowed skip into a failure."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a disallowed skip of a whole file into a failure."""
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = _reason(report)
    missing = next((name for name, text in SKIPS.items() if re.match(text, reason)), None)
    if missing is None:
        why = "which is no reason that conftest.py lists"
    elif missing in _required():
        why = f"though REFINEGRAPH_REQUIRE names {missing!r}"
    else:
        return
    report.outcome = "failed"
    report.longrepr = f"skipped, {why}: {reason}"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return told.removeprefix("Skipped: ")
