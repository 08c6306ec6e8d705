"""What a checkout's tests say before anything is changed."""

from collections.abc import Mapping

from refinegraph.errors import InputError
from refinegraph.schema import CaseOutcome, Frozen, Strength
from refinegraph.tools.test_runs.results import COMMAND, TestRun
from refinegraph.tools.test_runs.suite import TestSuite

_PLUGIN = "refinegraph_guard"


class Baseline(Frozen):
    """How the tests end before anything is changed, seen twice."""

    failing: tuple[CaseOutcome, ...]
    """Tests that failed both times, with what they said."""
    passing: tuple[str, ...]
    """Tests that passed both times."""
    flickering: tuple[str, ...]
    """Tests that did not end alike; they decide nothing."""
    skipped: tuple[str, ...]
    collected: int
    deselected: tuple[str, ...] = ()
    patched: tuple[str, ...] = ()
    """Functions of the test runner that the checkout itself replaces."""
    plugins: tuple[str, ...] = ()
    root: str = ""
    """The folder that the names of pytest's tests are relative to."""
    strength: Strength
    seconds: float
    """Elapsed seconds of the slower of the two runs."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """The names of the tests that a repair has to make pass."""
        return tuple(outcome.id for outcome in self.failing)


async def take_baseline(
    suite: TestSuite, *, timeout: float | None = None, runs: int = 2
) -> Baseline:
    """Run the test command and tell failing, passing and flickering tests apart.

    Costs `runs` runs of the test command, one after another, each in a tree of its own. Raises
    `InputError` where it runs no test, or does not end.
    """
    seen: list[TestRun] = []
    for _ in range(runs):
        run = await suite.run(timeout=timeout)
        _check(suite, run)
        seen.append(run)
    names = dict.fromkeys(name for run in seen for name in run.tests)
    steady = [name for name in names if len({_status(run.tests, name) for run in seen}) == 1]
    first = seen[0]
    return Baseline(
        failing=tuple(each for each in first.failed if each.id in steady),
        passing=tuple(name for name in steady if first.tests[name].passed),
        flickering=tuple(name for name in names if name not in steady),
        skipped=tuple(name for name in steady if first.tests[name].status == "not_run"),
        collected=min(run.collected for run in seen),
        deselected=first.deselected,
        patched=tuple(sorted({name for run in seen for name in run.patched})),
        plugins=tuple(sorted({name for run in seen for name in run.plugins})),
        root=first.root,
        strength=first.strength,
        seconds=max(run.result.seconds for run in seen),
    )


def _status(tests: Mapping[str, CaseOutcome], name: str) -> str:
    """Return how a test ended, as far as a repair cares."""
    if name not in tests:
        return "missing"
    status = tests[name].status
    return status if status in ("passed", "not_run") else "failed"


def _check(suite: TestSuite, run: TestRun) -> None:
    """Raise `InputError` where the command ran no test or was stopped, with what it said."""
    stopped = run.result.limit is not None
    if not stopped and not (suite.is_pytest and set(run.tests) <= {COMMAND}):
        return
    said = (run.result.stderr.strip() or run.result.stdout.strip()).splitlines()
    words = f": {said[-1].strip()}" if said else ""
    if _PLUGIN in words:
        raise InputError(
            f"the test command {suite.command!r} sets PYTHONPATH inside a shell, which hides the "
            "plug-in that reports the tests; put the variable before the command instead: "
            "'PYTHONPATH=src python -m pytest -q'."
        )
    what = "did not end" if stopped else "ran no test"
    raise InputError(
        f"the test command {suite.command!r} {what} ({run.result.ending}){words}; "
        "give one that runs the tests, such as 'python -m pytest -q'."
    )
