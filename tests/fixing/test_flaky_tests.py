"""A test that also fails without a patch is not lost by the patch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from refinegraph.fixing.checker import suite_checker
from refinegraph.fixing.sources import Sources
from refinegraph.fixing.suites import Suite, SuiteRun
from refinegraph.schema import Candidate, CaseOutcome, CaseStatus, Isolation, Problem, Verdict
from refinegraph.tools.patches import unified_patch
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_runs import Baseline
from refinegraph.tools.workspace import CommandResult

PATCH = unified_patch({"a.py": "x = 1\n"}, {"a.py": "x = 2\n"})
STRONG = Isolation(tier="strong")


class Scripted(Suite):
    """A suite in which every patch repairs `bad` and loses tests, which end so when run again."""

    def __init__(self, lost: Sequence[str], again: Sequence[CaseStatus]) -> None:
        super().__init__(Sandbox(), Path(), "pytest")
        self.lost = lost
        self.again = list(again)

    async def run(self, changes: Any = None, **keywords: Any) -> SuiteRun:
        """Run the tests that are named: the failing one with a patch, lost ones without."""
        status = "passed" if changes else self.again.pop(0)
        tests = {name: CaseOutcome(id=name, status=status) for name in keywords["only"]}
        result = CommandResult(command=("pytest",), exit_code=1, isolation=STRONG)
        return SuiteRun(tests, result)

    async def judge(self, changes: Any, baseline: Baseline, **_: Any) -> Verdict:
        """Return a verdict that lists the lost tests that still count."""
        lost = [name for name in self.lost if name in baseline.passing]
        outcomes = [CaseOutcome(id=name, status="failed") for name in lost]
        return Verdict(
            passed=not lost,
            status="failed" if lost else "passed",
            tests=(CaseOutcome(id="bad", status="passed"), *outcomes),
            isolation=STRONG,
        )


@pytest.mark.parametrize(
    ("lost", "again", "passes"),
    [
        (["odd"], ["passed", "failed"], True),
        (["odd"], ["passed", "passed", "passed"], False),
        (["a", "b", "c", "d"], [], False),
    ],
)
async def test_lost_tests_are_doubted_if_they_are_few(
    lost: list[str], again: list[CaseStatus], passes: bool
) -> None:
    baseline = Baseline(
        failing=(CaseOutcome(id="bad", status="failed"),),
        passing=("good", *lost),
        flaky=(),
        skipped=(),
        collected=2 + len(lost),
        strength="reported",
        seconds=1.0,
    )
    suite = Scripted(lost, again)
    checker = suite_checker(suite, Sources(Path(), {"a.py": "x = 1\n"}, {}), baseline)
    candidate = Candidate(id="0.0", text=PATCH, program=PATCH)
    verdict = await checker(Problem(id="p", prompt="p"), candidate, ())
    assert verdict.passed is passes
    assert suite.again == []
    assert checker.baseline.flaky == (("odd",) if passes else ())
