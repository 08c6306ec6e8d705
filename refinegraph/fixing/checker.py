"""Prove or refute a patch with the checkout's own test command."""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence

from refinegraph.errors import InputError
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
"""How many times as long as the whole suite a run may take, beyond ten seconds: a patch that makes
a program loop for ever is refuted then."""
_SHORT = 5.0
"""Seconds of a suite that is run whole at once; a first look at the tests that reach the changed
lines would cost about as much."""
_MOST_CHOSEN = 400
"""Names of tests on one command line; their length together has to stay below a system's limit."""
_NAMED = 3
GUARD = "guard"
"""The test that stands for the guards against patches that meddle with the tests."""


class suite_checker:
    """Run a patch's failing tests first, then the tests that reach what it changes, then all.

    Every stage has a tree of its own, and a patch that fails a stage goes no further; the last one
    has the guards of `PatchJudge`. Equal patches are run once. Costs one to four runs of the test
    command.
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
        places: int | None = None,
    ) -> None:
        self.suite = suite
        self.sources = sources
        self.baseline = baseline
        self.spectrum = spectrum
        self.lint = lint
        self.protect = tuple(protect)
        self._places = asyncio.Semaphore(places or os.cpu_count() or 1)
        self._known: dict[str, asyncio.Future[Verdict]] = {}
        self._is_linted: bool | None = None

    async def is_linted(self) -> bool:
        """Return whether the checkout itself passes the lint command; costs one run, once."""
        if self._is_linted is None:
            self._is_linted = (await self.suite.lint({}, self.lint)).ok
        return self._is_linted

    async def __call__(
        self, problem: Problem, candidate: Candidate, tests: Sequence[VisibleTest]
    ) -> Verdict:
        """Return the verdict; one that an equal patch got before is not computed again."""
        key = candidate.answer_class or candidate.program or ""
        if key not in self._known:
            self._known[key] = asyncio.ensure_future(self._judge(candidate.program or ""))
        return await self._known[key]

    async def _judge(self, patch: str) -> Verdict:
        async with self._places:
            try:
                changes = apply_patch(patch, self.sources.files.get)
            except InputError as error:
                return _unfit(str(error), self.baseline)
            return await _Judgement(self, patch, changes).run()

    def __repr__(self) -> str:
        """The call that makes it, with the command."""
        return f"suite_checker({self.suite.command!r})"


class _Judgement:
    """One patch on its way through the stages."""

    def __init__(
        self, checker: suite_checker, patch: str, changes: Mapping[str, str | None]
    ) -> None:
        self.checker = checker
        self.patch = patch
        self.changes = changes
        self.began = time.monotonic()
        self.wanted = checker.baseline.wanted

    async def run(self) -> Verdict:
        """Return the verdict of the first stage that the patch fails, or that of the last."""
        baseline, suite = self.checker.baseline, self.checker.suite
        if suite.selects and self.wanted and baseline.passing:
            first = await self._run(self.wanted[:_MOST_CHOSEN])
            if _lost(first, self.wanted[:_MOST_CHOSEN]):
                return self._early(first, None)
            reaching = self._reaching() if baseline.seconds > _SHORT else []
            if reaching:
                near = await self._run(reaching)
                if lost := _lost(near, reaching):
                    return self._early(first, lost)
        judged = await suite.judge(self.changes, baseline, protect=self.checker.protect)
        verdict = self._compact(judged)
        return await self._linted(verdict) if verdict.passed and self.checker.lint else verdict

    async def _run(self, only: Sequence[str]) -> SuiteRun:
        limit = 10 + _PATIENCE * self.checker.baseline.seconds
        return await self.checker.suite.run(self.changes, only=only, timeout=limit)

    def _reaching(self) -> list[str]:
        """Return the tests that passed before and execute a line that the patch changes."""
        spectrum = self.checker.spectrum
        if spectrum is None:
            return []
        places = changed_lines(self.patch)
        lines = [Line(path, number) for path, numbers in places.items() for number in numbers]
        passing = set(self.checker.baseline.passing)
        return [test for test in spectrum.tests_on(lines) if test in passing][:_MOST_CHOSEN]

    def _early(self, run: SuiteRun, lost: Sequence[str] | None) -> Verdict:
        """Return the verdict of a stage before the last."""
        outcomes = [_outcome(run, name) for name in self.wanted]
        outcomes.append(_suite_outcome(lost, len(self.checker.baseline.passing)))
        worst = next(outcome for outcome in outcomes if not outcome.passed)
        return Verdict(
            passed=False,
            status=_status(run, worst),
            tests=tuple(outcomes),
            isolation=run.result.isolation,
            strength=run.strength,
            detail=worst.error or "",
            seconds=round(time.monotonic() - self.began, 3),
        )

    def _compact(self, verdict: Verdict) -> Verdict:
        """Return the verdict of the whole suite with all tests that passed before as one."""
        wanted = verdict.tests[: len(self.wanted)]
        tests, passing = list(wanted), len(self.checker.baseline.passing)
        lost = [outcome.id for outcome in verdict.tests[len(self.wanted) :]]
        was_run = verdict.isolation.tier != "none" or bool(lost)
        if passing:
            tests.append(_suite_outcome(lost if was_run else None, passing))
        if not verdict.passed and all(outcome.passed for outcome in tests):
            refused = CaseOutcome(id=GUARD, status="protocol_violation", error=verdict.detail)
            tests.append(refused)
        seconds = round(time.monotonic() - self.began, 3)
        return verdict.model_copy(update={"tests": tuple(tests), "seconds": seconds})

    async def _linted(self, verdict: Verdict) -> Verdict:
        result = await self.checker.suite.lint(self.changes, self.checker.lint)
        if result.ok or not await self.checker.is_linted():
            return verdict
        said = (result.stdout or result.stderr).strip()
        failed = CaseOutcome(
            id="lint", status="failed", call=self.checker.lint, error=result.ending, traceback=said
        )
        update = {"passed": False, "status": "failed", "tests": (*verdict.tests, failed)}
        return verdict.model_copy(update={**update, "detail": f"{self.checker.lint} failed"})


def _lost(run: SuiteRun, names: Sequence[str]) -> list[str]:
    return [name for name in names if name not in run.tests or not run.tests[name].passed]


def _outcome(run: SuiteRun, name: str) -> CaseOutcome:
    if name in run.tests:
        return run.tests[name]
    if run.result.limit:
        return CaseOutcome(id=name, status="timeout", error=run.result.ending)
    said = (run.result.stderr.strip() or run.result.stdout.strip())[-2_000:]
    return CaseOutcome(
        id=name,
        status="error",
        error=f"it was not reported ({run.result.ending})",
        traceback=said or None,
    )


def _suite_outcome(lost: Sequence[str] | None, passing: int) -> CaseOutcome:
    call = f"the {passing} tests that passed before"
    if lost is None:
        return CaseOutcome(id=SUITE, status="not_run", call=call)
    if not lost:
        return CaseOutcome(id=SUITE, status="passed", call=call)
    named = ", ".join(lost[:_NAMED]) + (", …" if len(lost) > _NAMED else "")
    return CaseOutcome(
        id=SUITE,
        status="failed",
        call=call,
        expected=f"all {passing} pass",
        got=f"{len(lost)} fail: {named}",
    )


def _status(run: SuiteRun, worst: CaseOutcome) -> VerdictStatus:
    limits: dict[str, VerdictStatus] = {
        "timeout": "timeout",
        "memory": "memory_exceeded",
        "output": "output_exceeded",
    }
    if run.result.limit in limits:
        return limits[run.result.limit]
    return "error" if worst.status == "error" else "failed"


def _unfit(reason: str, baseline: Baseline) -> Verdict:
    outcomes = tuple(CaseOutcome(id=name, status="not_run") for name in baseline.wanted)
    return Verdict(
        passed=False,
        status="error",
        tests=outcomes,
        isolation=Isolation(tier="none"),
        detail=reason,
    )
