"""Run tests in forks of a process that has imported everything that is slow to import.

    python benchmarks/mutant_runs.py FOLDER     # requests on standard input, replies on its output

`benchmarks/mutants.py` starts one such process for each copy of the repository, because importing
pytest and LangGraph takes longer than the few tests that detect a mutant. The process imports no
module of refinegraph before it forks: each fork imports them from FOLDER in their current state.
"""

import contextlib
import importlib
import json
import os
import re
import select
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PRELOADED = (
    "aiohttp",
    "coverage",
    "hypothesis",
    "langgraph.graph",
    "langgraph.checkpoint.sqlite.aio",
    "langsmith.testing",
    "pydantic",
    "pytest",
    "pytest_asyncio",
    "rich.console",
)
SOURCES = ("graphs", "tools")
TOO_LONG = (
    "test_adaptive_is_never_worse_than_sampling_or_repairing",
    "test_every_run_ends_with_its_best_answer_or_a_named_error",
    "test_large_frames_take_little_time_and_memory",
    "test_predictions_on_new_problems_are_calibrated",
    "test_run_is_cancelled_at_any_line",
)
"""Test functions that take longer than all tests of one mutant may take; they are not measured."""
LONG = 2.0
"""Seconds of a test function beyond which each of its cases counts as a separate test."""
OPTIONS = (
    *("-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
    # pytest warns that it cannot rewrite the assertions of plug-ins that are imported already.
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)


class Contexts:
    """A pytest plug-in that records the test for every covered line, and how long tests take."""

    def __init__(self, cover: Any) -> None:
        self.cover = cover
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Attribute all lines executed from now on, in any thread, to this case."""
        self.cover.switch_context(case_of(nodeid))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Add up the set-up, call and tear-down times of a case, and remember if it fails."""
        name = case_of(report.nodeid)
        if report.failed:
            self.failed.add(name)
        self.seconds[name] = self.seconds.get(name, 0.0) + report.duration


class FirstFailure:
    """A pytest plug-in that records the first failed test."""

    def __init__(self) -> None:
        self.name = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Record a test that failed in any phase."""
        if report.failed and not self.name:
            self.name = report.nodeid

    def pytest_collectreport(self, report: Any) -> None:
        """Record a file that cannot be imported."""
        if report.failed and not self.name:
            self.name = f"import of {report.nodeid}"


def main() -> None:
    """Answer requests until the input ends."""
    os.chdir(sys.argv[1])
    sys.path.insert(0, sys.argv[1])
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(forked(request)), flush=True)


def forked(request: dict[str, Any]) -> dict[str, Any]:
    """Run one request in a fork; a fork that exceeds its time limit counts as failed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        serve(request, writing)
    os.close(writing)
    try:
        return received(reading, request["limit"])
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)


def received(reading: int, limit: float) -> dict[str, Any]:
    """Return the reply of a fork."""
    ends = time.monotonic() + limit
    parts: list[bytes] = []
    while not parts or not parts[-1].endswith(b"\n"):
        if not select.select([reading], [], [], max(0.0, ends - time.monotonic()))[0]:
            return {"failed": True, "by": "the time limit"}
        parts.append(os.read(reading, 1 << 20))
        if not parts[-1]:
            return {"failed": True, "by": "the end of the process"}
    reply: dict[str, Any] = json.loads(b"".join(parts))
    return reply


def serve(request: dict[str, Any], writing: int) -> None:
    """Handle a request in the fork; never returns."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    try:
        act = measure if request["measure"] else attempt
        words = [f"--timeout={request['each']}", *request["tests"]]
        reply = json.dumps(act(words)).encode() + b"\n"
        while reply:
            reply = reply[os.write(writing, reply) :]
    finally:
        os._exit(0)


def attempt(words: Sequence[str]) -> dict[str, Any]:
    """Run tests until one fails."""
    pytest: Any = importlib.import_module("pytest")
    first = FirstFailure()
    code = pytest.main(["-x", *OPTIONS, *words], plugins=[first])
    return {"failed": bool(code), "by": first.name or f"pytest's exit code {int(code)}"}


def measure(words: Sequence[str]) -> dict[str, Any]:
    """Return the source lines that every test executes, its duration in seconds, and what failed.

    A test is a function with all its cases, or, if these take long, a single case. A test that
    fails is not part of the result.
    """
    pytest: Any = importlib.import_module("pytest")
    coverage: Any = importlib.import_module("coverage")
    cover = coverage.Coverage(data_file=None, source=list(SOURCES), config_file=False)
    cover.start()
    contexts = Contexts(cover)
    shorter = ("-k", f"not ({' or '.join(TOO_LONG)})")
    pytest.main([*OPTIONS, *shorter, *words], plugins=[contexts])
    cover.stop()
    names = test_names(contexts.seconds)
    failed = {names[case] for case in contexts.failed}
    names = {case: name for case, name in names.items() if name not in failed}
    seconds: dict[str, float] = {}
    for case, name in names.items():
        seconds[name] = seconds.get(name, 0.0) + contexts.seconds[case]
    lines = lines_in(cover.get_data(), names)
    return {"failed": sorted(failed), "seconds": seconds, "lines": lines}


def test_names(seconds: Mapping[str, float]) -> dict[str, str]:
    """Return the test of every case: its function, or the case itself if the function is slow."""
    functions = {case: case.partition("[")[0] for case in seconds}
    totals: dict[str, float] = {}
    for case, duration in seconds.items():
        totals[functions[case]] = totals.get(functions[case], 0.0) + duration
    return {case: case if totals[name] > LONG else name for case, name in functions.items()}


def lines_in(data: Any, names: Mapping[str, str]) -> dict[str, dict[str, list[int]]]:
    """Return the lines by file and test, without the lines that imports execute."""
    root = Path.cwd()
    lines_by_path: dict[str, dict[str, set[int]]] = {}
    for name in data.measured_files():
        path = str(Path(name).relative_to(root))
        for line, contexts in data.contexts_by_lineno(name).items():
            for test in {names[case] for case in contexts if case in names}:
                lines_by_path.setdefault(path, {}).setdefault(test, set()).add(line)
    return {
        path: {test: sorted(lines) for test, lines in tests.items()}
        for path, tests in lines_by_path.items()
    }


def case_of(nodeid: str) -> str:
    """Return a case of a test function, or the function if the case has unusual characters."""
    path, _, name = nodeid.partition("::")
    function, _, parameters = name.partition("[")
    plain = re.fullmatch(r"[\w ,.-]+\]", parameters)
    return f"{path}::{name if plain else function}"


if __name__ == "__main__":
    main()
