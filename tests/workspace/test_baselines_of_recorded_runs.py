"""Runs that are given outright: what a baseline keeps of them, and how a later run compares."""

from itertools import product

import pytest

from refinegraph.errors import InputError
from refinegraph.schema import CaseOutcome, CaseStatus, Isolation
from refinegraph.tools import Sandbox
from refinegraph.tools.test_runs import TestSuite, take_baseline
from refinegraph.tools.test_runs.judging import compare
from refinegraph.tools.test_runs.results import TestRun
from refinegraph.tools.workspace import CommandResult
from refinegraph.tools.workspace.results import CommandLimit

Status = CaseStatus | None
STATUSES: tuple[Status, ...] = ("passed", "failed", "error", "not_run", None)
"""Every way in which a test ends; None if it is missing."""


def recorded(
    *statuses: Status,
    seconds: float = 1.0,
    limit: CommandLimit | None = None,
    collected: int | None = None,
    plugins: tuple[str, ...] = (),
    patched: tuple[str, ...] = (),
) -> TestRun:
    """Return a run in which the tests t0, t1, ... ended in these ways."""
    outcomes = tuple(
        CaseOutcome(id=f"t{number}", status=status)
        for number, status in enumerate(statuses)
        if status
    )
    result = CommandResult(
        command=("pytest",),
        exit_code=0,
        limit=limit,
        stdout="first\nlast words\n",
        seconds=seconds,
        isolation=Isolation(tier="none"),
    )
    return TestRun(
        outcomes=outcomes,
        collected=len(outcomes) if collected is None else collected,
        result=result,
        format="pytest",
        strength="host",
        plugins=plugins,
        patched=patched,
    )


class Recorded(TestSuite):
    """A suite whose runs are given."""

    def __init__(self, *runs: TestRun) -> None:
        super().__init__(Sandbox(), ".", "pytest -q")
        self.runs = list(runs)

    async def run(self, *_: object, **__: object) -> TestRun:
        """Return the next run."""
        return self.runs.pop(0)


PAIRS = tuple(product(STATUSES, repeat=2))


def kind(status: Status) -> str:
    return {"passed": "passing", "not_run": "skipped", None: "missing"}.get(status, "failing")


async def test_a_test_is_steady_if_it_ends_alike_in_all_runs() -> None:
    firsts, seconds = zip(*PAIRS, strict=True)
    baseline = await take_baseline(Recorded(recorded(*firsts), recorded(*seconds, seconds=4.0)))
    steady = {
        f"t{number}": kind(first)
        for number, (first, second) in enumerate(PAIRS)
        if kind(first) == kind(second)
    }
    assert set(baseline.failing_ids) == {name for name in steady if steady[name] == "failing"}
    assert set(baseline.passing) == {name for name in steady if steady[name] == "passing"}
    assert set(baseline.skipped) == {name for name in steady if steady[name] == "skipped"}
    assert set(baseline.flaky) == {f"t{n}" for n in range(len(PAIRS))} - set(steady)
    assert baseline.seconds == 4.0
    assert baseline.collected == 20


async def test_three_runs_are_made_if_three_are_asked_for() -> None:
    suite = Recorded(recorded("passed"), recorded("passed"), recorded("failed"))
    assert (await take_baseline(suite, runs=3)).flaky == ("t0",)
    assert not suite.runs


async def test_a_later_run_is_compared_test_by_test() -> None:
    befores, afters = zip(*(pair for pair in PAIRS if pair[0]), strict=True)
    before = recorded(*befores)
    baseline = await take_baseline(Recorded(before, before))
    compared = compare(baseline, recorded(*afters, collected=99))
    targets = {outcome.id: outcome.passed for outcome in compared.targets}
    lost = {outcome.id for outcome in compared.lost}
    for number, (old, new) in enumerate(zip(befores, afters, strict=True)):
        name = f"t{number}"
        assert targets.get(name) == ((new == "passed") if kind(old) == "failing" else None)
        assert (name in lost) == (old == "passed" != new)
    assert not compared.passed
    assert not compared.tampering


@pytest.mark.parametrize(
    ("after", "signs"),
    [
        (recorded("passed", "passed"), 0),
        (recorded("passed", "passed", collected=1), 1),
        (recorded("passed", "passed", collected=3), 0),
        (recorded("passed", "passed", collected=1, limit="timeout"), 0),
        (recorded("passed", "passed", plugins=("old", "new")), 1),
        (recorded("passed", "passed", patched=("old", "a.b", "c.d")), 2),
    ],
)
async def test_signs_of_tampering_are_what_the_baseline_did_not_have(
    after: TestRun, signs: int
) -> None:
    before = recorded("failed", "passed", plugins=("old",), patched=("old",))
    baseline = await take_baseline(Recorded(before, before))
    compared = compare(baseline, after)
    assert len(compared.tampering) == signs
    assert compared.passed == (signs == 0)
    assert not compare(baseline, after, only=["t0"]).lost


async def test_only_the_requested_tests_are_compared() -> None:
    before = recorded("failed", "failed", "passed")
    baseline = await take_baseline(Recorded(before, before))
    compared = compare(baseline, recorded("passed", "failed", None), only=["t0"])
    assert [outcome.id for outcome in compared.targets] == ["t0"]
    assert compared.passed


async def test_a_run_that_is_stopped_or_runs_nothing_is_no_baseline() -> None:
    with pytest.raises(InputError, match=r"did not end \(.*\): last words;"):
        await take_baseline(Recorded(recorded("passed", limit="timeout")))
    with pytest.raises(InputError, match=r"ran no test \(exit code 0\): last words;"):
        await take_baseline(Recorded(recorded()))
