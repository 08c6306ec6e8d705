"""Record how a checkout's tests end before anything is changed."""

import os
import re
import shlex
from collections.abc import Collection, Mapping, Sequence

from refinegraph.errors import InputError
from refinegraph.schema import CaseOutcome, Frozen, Strength
from refinegraph.tools.test_runs.results import COMMAND, TestRun
from refinegraph.tools.test_runs.suite import GUARD_FOLDER, TestSuite

_MISSING = "No module named pytest"
_PLUGIN = "refinegraph_guard"
_MOST_NAMES = 5
"""Number of failing tests that an error lists: a choice, as many as are read at a glance."""
_ERROR = re.compile(r"(error|exception|warning): ", re.IGNORECASE)
"""What the line of an error contains, as `ImportError: no module` or `pytest: error: no option`."""


class Baseline(Frozen):
    """The outcomes of the tests before anything is changed, over several runs."""

    failing: tuple[CaseOutcome, ...]
    """Tests that failed in all runs, with their messages."""
    passing: tuple[str, ...]
    """Tests that passed in all runs."""
    flaky: tuple[str, ...]
    """Tests whose outcomes differ between runs; they are ignored."""
    skipped: tuple[str, ...]
    collected: int
    deselected: tuple[str, ...] = ()
    unrelated: tuple[str, ...] = ()
    """Tests that failed in all runs and may go on failing, because others were named."""
    patched: tuple[str, ...] = ()
    """Functions of the test runner that the checkout itself replaces."""
    plugins: tuple[str, ...] = ()
    root: str = ""
    """The directory that the names of pytest's tests are relative to."""
    strength: Strength
    seconds: float
    """Elapsed seconds of the slowest run."""

    @property
    def failing_ids(self) -> tuple[str, ...]:
        """The ids of the tests that a repair has to make pass."""
        return tuple(outcome.id for outcome in self.failing)

    def ignoring(self, flaky: Collection[str]) -> "Baseline":
        """Return this baseline with further tests known to be flaky."""
        if not flaky:
            return self
        failing = tuple(outcome for outcome in self.failing if outcome.id not in flaky)
        passing = tuple(name for name in self.passing if name not in flaky)
        update = {"failing": failing, "passing": passing, "flaky": (*self.flaky, *flaky)}
        return self.model_copy(update=update)

    def aimed_at(self, names: Sequence[str]) -> "Baseline":
        """Return this baseline with only the named failing tests as those that have to pass.

        A name is the id of a test, the id without parameters, the part of it after `::`, or a file
        or class of tests. Without names, nothing changes. Raises `InputError` if a name is that of
        no failing test.
        """
        if not names:
            return self
        for name in names:
            if not any(_is_named(name, test) for test in self.failing_ids):
                raise InputError(_not_failing(name, self))
        aims = [test for test in self.failing if any(_is_named(name, test.id) for name in names)]
        others = tuple(test.id for test in self.failing if test not in aims)
        return self.model_copy(update={"failing": tuple(aims), "unrelated": others})


async def take_baseline(
    suite: TestSuite, *, timeout: float | None = None, runs: int = 2
) -> Baseline:
    """Run the test command and classify tests as failing, passing or flaky.

    Costs `runs` runs of the test command, one after another, each in a fresh tree. Raises
    `InputError` if the command runs no test or does not end within the limits.
    """
    completed: list[TestRun] = []
    for _ in range(runs):
        run = await suite.run(timeout=timeout)
        _check(suite, run)
        completed.append(run)
    names = dict.fromkeys(name for run in completed for name in run.tests)
    steady = [name for name in names if len({_status(run.tests, name) for run in completed}) == 1]
    first = completed[0]
    return Baseline(
        failing=tuple(outcome for outcome in first.failed if outcome.id in steady),
        passing=tuple(name for name in steady if first.tests[name].passed),
        flaky=tuple(name for name in names if name not in steady),
        skipped=tuple(name for name in steady if first.tests[name].status == "not_run"),
        collected=min(run.collected for run in completed),
        deselected=first.deselected,
        patched=tuple(sorted({name for run in completed for name in run.patched})),
        plugins=tuple(sorted({name for run in completed for name in run.plugins})),
        root=first.root,
        strength=first.strength,
        seconds=max(run.result.seconds for run in completed),
    )


def _is_named(name: str, test: str) -> bool:
    """Return whether a name stands for a test, given by its id."""
    name = name.removeprefix("./")
    parts = f"::{test}"
    return parts.endswith(f"::{name}") or f"::{name}::" in parts or f"::{name}[" in parts


def _not_failing(name: str, baseline: Baseline) -> str:
    """Return what is wrong with a name that is not one of a failing test."""
    if any(_is_named(name, test) for test in baseline.passing):
        problem = f"the test {name!r} passes"
    elif any(_is_named(name, test) for test in baseline.flaky):
        problem = f"the test {name!r} fails only sometimes, so no patch can be proved by it"
    else:
        problem = f"no test is named {name!r}"
    some = ", ".join(baseline.failing_ids[:_MOST_NAMES])
    more = f" and {len(baseline.failing) - _MOST_NAMES} more" * (
        len(baseline.failing) > _MOST_NAMES
    )
    return f"{problem}; pass failing tests only: {some}{more}." if some else f"{problem}."


def _status(tests: Mapping[str, CaseOutcome], name: str) -> str:
    """Return a test's status, reduced to what matters for a repair."""
    if name not in tests:
        return "missing"
    status = tests[name].status
    return status if status in ("passed", "not_run") else "failed"


def _check(suite: TestSuite, run: TestRun) -> None:
    """Raise `InputError` if the command ran no test or was stopped, quoting its error."""
    stopped = run.result.limit is not None
    if not stopped and not (suite.is_pytest and set(run.tests) <= {COMMAND}):
        return
    error = _error_line(run.result.stderr.strip() or run.result.stdout.strip())
    message = f": {error}" if error else ""
    command = _as_given(suite.command)
    if _PLUGIN in message:
        raise InputError(
            f"the test command {command!r} sets PYTHONPATH inside a shell, which hides the "
            "plugin that reports the tests; put the variable before the command instead: "
            "'PYTHONPATH=src python -m pytest -q'."
        )
    problem = "did not end" if stopped else "ran no test"
    todo = _todo(message, command)
    raise InputError(
        f"the test command {command!r} {problem} ({run.result.ending}){message}; {todo}."
    )


def _todo(message: str, command: str) -> str:
    """Return what to do about the error of a command that ran no test."""
    if _MISSING in message:
        return "install it for the Python that runs the tests"
    if "unrecognized arguments" in message or "Error importing plugin" in message:
        return (
            "the settings of pytest in this checkout need a plugin that is not installed: install "
            "it for the Python that runs the tests, or leave the settings out with "
            f"--test '{command} -o addopts='"
        )
    if "conftest.py" in message:
        return (
            "this conftest.py does not work with the pytest that was called: install the version "
            "that it was written for"
        )
    return "pass a command that runs the tests in this checkout, such as 'python -m pytest -q'"


def _as_given(command: str | Sequence[str]) -> str:
    """Return a command without the folders of plugins that were added to its PYTHONPATH."""
    words = [command] if isinstance(command, str) else command
    given = [word.partition(f"{os.pathsep}{GUARD_FOLDER}")[0] for word in words]
    return given[0] if isinstance(command, str) else shlex.join(given)


def _error_line(output: str) -> str:
    """Return the last line that names an error, without pytest's mark, or else the last line."""
    lines = [line.removeprefix("INTERNALERROR>").strip() for line in output.splitlines()]
    named = [line for line in lines if _ERROR.search(line)]
    return (named or lines or [""])[-1]
