"""Prove or refute a patch with the checkout's own test command."""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence

from refinegraph.errors import InputError
from refinegraph.fixing.issue_tests import IssueTests
from refinegraph.fixing.sources import Sources
from refinegraph.fixing.suites import Suite, SuiteRun
from refinegraph.graphs.nodes.route import SUITE
from refinegraph.schema import (
    Candidate,
    CaseOutcome,
    Isolation,
    Problem,
    Verdict,
    VerdictStatus,
    VisibleTest,
)
from refinegraph.tools.localisation import Line, Spectrum
from refinegraph.tools.patches import apply_patch, changed_lines
from refinegraph.tools.test_runs import Baseline

_PATIENCE = 3
"""A run may take ten seconds plus this many times the duration of the whole suite; then a patch is
refuted because it makes the program hang. The number is a choice."""
_SHORT = 5.0
"""In seconds: a suite that takes less is run as a whole right after the failing tests, since a run
of only the tests that reach the changed lines would cost about as much."""
_MAX_SELECTED = 400
"""The number of test names on one command line, whose length operating systems limit."""
_MAX_NAMED = 3
_MAX_DOUBTED = 3
"""The most tests that a patch may lose to be given the benefit of the doubt. A choice: a wrong
patch usually breaks more."""
_DOUBTS = 3
"""Runs of lost tests on the unchanged checkout. They notice a test that fails every other time in
seven of eight cases."""
GUARD = "guard"
"""The id of the outcome that reports the guards against patches that tamper with the tests."""


class suite_checker:
    """Check a patch with the failing tests, then the tests that reach its lines, then all tests.

    Every stage runs in a new tree, and a patch that fails a stage does not reach the next one. The
    last stage applies the guards of `PatchJudge`. Equal patches are checked once. If a patch loses
    a few tests, they run again on the unchanged checkout; those that fail there too are flaky and
    no longer count. A check costs one to four runs of the test command, up to three of a few lost
    tests, and one or two of the lint command if there is one.

    Args:
        suite: The test command of the checkout.
        sources: The files that a patch may change.
        baseline: The outcomes of the tests before anything is changed.
        spectrum: The lines that every test executed, or None to skip the second stage.
        lint: A command that the patched checkout must pass too, if the checkout passes it now.
        protect: Patterns of files that no patch may change, besides the tests.
        issue_tests: Tests written from an issue, which are run on patches that pass everything
            else. They decide only if no test of the checkout fails.
        places: The number of patches to check at once; the number of processors by default.
    """

    def __init__(
        self,
        suite: Suite,
        sources: Sources,
        baseline: Baseline,
        *,
        spectrum: Spectrum | None = None,
        lint: str = "",
        protect: Sequence[str] = (),
        issue_tests: IssueTests | None = None,
        places: int | None = None,
    ) -> None:
        self.suite = suite
        self.sources = sources
        self.baseline = baseline
        self.spectrum = spectrum
        self.lint = lint
        self.protect = tuple(protect)
        self.issue_tests = issue_tests
        self._slots = asyncio.Semaphore(places or os.cpu_count() or 1)
        self._verdicts: dict[str, asyncio.Future[Verdict]] = {}
        self._is_linted: bool | None = None

    async def is_linted(self) -> bool:
        """Return whether the unchanged checkout passes the lint command; the first call runs it."""
        if self._is_linted is None:
            self._is_linted = (await self.suite.lint({}, self.lint)).ok
        return self._is_linted

    async def __call__(
        self, problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]
    ) -> Verdict:
        """Return the verdict of a patch, or the earlier verdict of an equal patch."""
        key = candidate.equivalence_class or candidate.program or ""
        if key not in self._verdicts:
            check = self._check(problem, candidate.program or "")
            self._verdicts[key] = asyncio.ensure_future(check)
        return await self._verdicts[key]

    async def _check(self, problem: Problem, patch: str) -> Verdict:
        async with self._slots:
            try:
                changes = apply_patch(patch, self.sources.files.get)
            except InputError as error:
                return _inapplicable(str(error), self.baseline)
            verdict = await _Check(self, patch, changes).run()
            if not verdict.passed or self.issue_tests is None:
                return verdict
            outcomes = await self.issue_tests.outcomes(problem, changes)
            return _with_issue_tests(verdict, outcomes, decide=not self.baseline.failing)

    def __repr__(self) -> str:
        """Return the class and the command."""
        return f"suite_checker({self.suite.command!r})"


class _Check:
    """Takes one patch through the stages."""

    def __init__(
        self, checker: suite_checker, patch: str, changes: Mapping[str, str | None]
    ) -> None:
        self.checker = checker
        self.patch = patch
        self.changes = changes
        self.started = time.monotonic()
        self.target = checker.baseline.failing_ids

    async def run(self) -> Verdict:
        """Return the verdict of the first stage that the patch fails, or of the last stage."""
        baseline, suite = self.checker.baseline, self.checker.suite
        if suite.selects and self.target and baseline.passing:
            target = self.target[:_MAX_SELECTED]
            target_run = await self._run(target)
            if _not_passed(target_run, target):
                return self._early(target_run, None)
            reaching = self._reaching() if baseline.seconds > _SHORT else []
            if reaching:
                reaching_run = await self._run(reaching)
                if lost := _not_passed(reaching_run, reaching):
                    return self._early(target_run, lost)
        judged = await suite.judge(self.changes, baseline, protect=self.checker.protect)
        if flaky := await self._flaky(judged):
            self.checker.baseline = baseline.ignoring(flaky)
            judged = await suite.judge(
                self.changes, self.checker.baseline, protect=self.checker.protect
            )
        verdict = self._compact(judged)
        return await self._linted(verdict) if verdict.passed and self.checker.lint else verdict

    async def _run(self, only: Sequence[str]) -> SuiteRun:
        limit = 10 + _PATIENCE * self.checker.baseline.seconds
        return await self.checker.suite.run(self.changes, only=only, timeout=limit)

    async def _flaky(self, judged: Verdict) -> list[str]:
        """Return the lost tests that also fail on the unchanged checkout, now that they run again.

        Only a patch with few lost tests, and no other fault, is worth these runs.
        """
        count = len(self.target)
        lost = [outcome.id for outcome in judged.tests[count:]]
        repaired = all(outcome.passed for outcome in judged.tests[:count])
        if not (repaired and 0 < len(lost) <= _MAX_DOUBTED and self.checker.suite.selects):
            return []
        for _ in range(_DOUBTS):
            if failed := _not_passed(await self.checker.suite.run({}, only=lost), lost):
                return failed
        return []

    def _reaching(self) -> list[str]:
        """Return the tests that passed before and execute a line that the patch changes."""
        spectrum = self.checker.spectrum
        if spectrum is None:
            return []
        changed = changed_lines(self.patch)
        lines = [Line(path, number) for path, numbers in changed.items() for number in numbers]
        passing = set(self.checker.baseline.passing)
        return [test for test in spectrum.tests_on(lines) if test in passing][:_MAX_SELECTED]

    def _early(self, run: SuiteRun, lost: Sequence[str] | None) -> Verdict:
        """Return the verdict of a patch that failed before the last stage."""
        outcomes = [_outcome(run, name) for name in self.target]
        outcomes.append(_suite_outcome(lost, len(self.checker.baseline.passing)))
        worst = next(outcome for outcome in outcomes if not outcome.passed)
        return Verdict(
            passed=False,
            status=_status(run, worst),
            tests=tuple(outcomes),
            isolation=run.result.isolation,
            strength=run.strength,
            detail=worst.error or "",
            seconds=round(time.monotonic() - self.started, 3),
        )

    def _compact(self, verdict: Verdict) -> Verdict:
        """Return the verdict with one outcome for all tests that passed before."""
        target_count = len(self.target)
        tests, passing = list(verdict.tests[:target_count]), len(self.checker.baseline.passing)
        lost = [outcome.id for outcome in verdict.tests[target_count:]]
        was_run = verdict.isolation.tier != "none" or bool(lost)
        if passing:
            tests.append(_suite_outcome(lost if was_run else None, passing))
        if not verdict.passed and all(outcome.passed for outcome in tests):
            guard = CaseOutcome(id=GUARD, status="protocol_violation", error=verdict.detail)
            tests.append(guard)
        seconds = round(time.monotonic() - self.started, 3)
        return verdict.model_copy(update={"tests": tuple(tests), "seconds": seconds})

    async def _linted(self, verdict: Verdict) -> Verdict:
        result = await self.checker.suite.lint(self.changes, self.checker.lint)
        if result.ok or not await self.checker.is_linted():
            return verdict
        lint_output = (result.stdout or result.stderr).strip()
        failure = CaseOutcome(
            id="lint",
            status="failed",
            call=self.checker.lint,
            error=result.ending,
            traceback=lint_output,
        )
        update = {"passed": False, "status": "failed", "tests": (*verdict.tests, failure)}
        return verdict.model_copy(update={**update, "detail": f"{self.checker.lint} failed"})


def _with_issue_tests(
    verdict: Verdict, outcomes: Sequence[CaseOutcome], *, decide: bool
) -> Verdict:
    """Add the outcomes of tests written from an issue; `decide` lets them refute a patch."""
    update: dict[str, object] = {"tests": (*verdict.tests, *outcomes)}
    failed = sum(not outcome.passed for outcome in outcomes)
    if failed:
        update["detail"] = f"{failed} of {len(outcomes)} tests written from the issue fail"
    if failed and decide:
        update |= {"passed": False, "status": "failed"}
    return verdict.model_copy(update=update)


def _not_passed(run: SuiteRun, names: Sequence[str]) -> list[str]:
    return [name for name in names if name not in run.tests or not run.tests[name].passed]


def _outcome(run: SuiteRun, name: str) -> CaseOutcome:
    if name in run.tests:
        return run.tests[name]
    if run.result.limit:
        return CaseOutcome(id=name, status="timeout", error=run.result.ending)
    output = (run.result.stderr.strip() or run.result.stdout.strip())[-2_000:]
    return CaseOutcome(
        id=name,
        status="error",
        error=f"it was not reported ({run.result.ending})",
        traceback=output or None,
    )


def _suite_outcome(lost: Sequence[str] | None, passing: int) -> CaseOutcome:
    call = f"the {passing} tests that passed before"
    if lost is None:
        return CaseOutcome(id=SUITE, status="not_run", call=call)
    if not lost:
        return CaseOutcome(id=SUITE, status="passed", call=call)
    names = ", ".join(lost[:_MAX_NAMED]) + (", …" if len(lost) > _MAX_NAMED else "")
    now = "1 fails now" if len(lost) == 1 else f"{len(lost)} fail now"
    return CaseOutcome(id=SUITE, status="failed", call=call, error=f"{now}: {names}")


def _status(run: SuiteRun, worst: CaseOutcome) -> VerdictStatus:
    limits: dict[str, VerdictStatus] = {
        "timeout": "timeout",
        "memory": "memory_exceeded",
        "output": "output_exceeded",
    }
    if run.result.limit in limits:
        return limits[run.result.limit]
    return "error" if worst.status == "error" else "failed"


def _inapplicable(reason: str, baseline: Baseline) -> Verdict:
    outcomes = tuple(CaseOutcome(id=name, status="not_run") for name in baseline.failing_ids)
    return Verdict(
        passed=False,
        status="error",
        tests=outcomes,
        isolation=Isolation(tier="none"),
        detail=reason,
    )
