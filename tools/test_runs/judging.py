"""Judge a patch by a checkout's own tests."""

import asyncio
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from refinegraph.schema import CaseOutcome, Isolation, Verdict, VerdictStatus
from refinegraph.tools.test_runs.baseline import Baseline
from refinegraph.tools.test_runs.canaries import Planted, plant
from refinegraph.tools.test_runs.protecting import Protected, protect
from refinegraph.tools.test_runs.results import TestRun
from refinegraph.tools.test_runs.suite import Changes, TestSuite

_PATIENCE, _GRACE = 3.0, 10.0
"""A run may take this many times as long as the baseline, plus these seconds, before a patch is
refuted for an endless loop: a choice that leaves room for a busy machine."""
_CANARIES_AMONG_PASSING = 20
"""Previously passing tests that get a canary: enough to notice a patch that tampers with some."""
_MAX_LOST = 20
"""Lost tests that a verdict lists; its detail counts all of them."""
_MAX_OUTPUT = 6_000
"""Characters kept from the end of a run's output, where runners print their summary."""


class Comparison(NamedTuple):
    """The run of a patched checkout compared with the baseline."""

    targets: tuple[CaseOutcome, ...]
    """The new outcomes of the tests that failed before."""
    lost: tuple[CaseOutcome, ...]
    """Tests that passed before and no longer do, with the reason."""
    tampering: tuple[str, ...]
    """Signs that the program tampered with the tests."""

    @property
    def passed(self) -> bool:
        """Whether the patch makes every failing test pass and breaks none."""
        fixed = all(outcome.passed for outcome in self.targets)
        return fixed and not self.lost and not self.tampering


def compare(baseline: Baseline, run: TestRun, *, only: Sequence[str] = ()) -> Comparison:
    """Compare a run with the baseline; `only` names the tests that were requested.

    A test that is now missing, skipped, deselected or expected to fail has not passed. Flaky tests
    are ignored.
    """
    requested = set(only)
    target = [name for name in baseline.failing_ids if not requested or name in requested]
    passing = [name for name in baseline.passing if not requested or name in requested]
    tests = run.tests
    outcomes = {name: tests.get(name) or _unnamed(name, run) for name in (*target, *passing)}
    lost = [_skipped_as_failed(outcomes[name]) for name in passing if not outcomes[name].passed]
    tampering = list(run.tampering)
    tampering += [f"{name} was replaced" for name in run.patched if name not in baseline.patched]
    new = [name for name in run.plugins if name not in baseline.plugins]
    tampering += [f"the plugin {name} was added to pytest" for name in new]
    if not requested and run.collected < baseline.collected and not run.result.limit:
        tampering.append(f"{run.collected} tests were collected, {baseline.collected} before")
    return Comparison(
        tuple(_skipped_as_failed(outcomes[name]) for name in target), tuple(lost), tuple(tampering)
    )


class PatchJudge:
    """Judge patches of one checkout by its test command.

    The tests of the baseline decide: changes to test files, their settings and files that `protect`
    matches are discarded. A patch that passes is run again with canaries, tests that have to fail;
    a patch that makes them pass has tampered with the test runner. Two kinds of patches are not
    caught: a program that is right only for the values in the tests, and one that recognises the
    canaries.

    Args:
        suite: The test command.
        baseline: The outcomes before the patch.
        protect: Patterns of further files whose changes are discarded.
        allow: Patterns of files that a patch may change although they are protected.
        canaries: Whether to run canaries, which only pytest supports.
        concurrency: Concurrent runs; the number of CPUs by default.
    """

    def __init__(
        self,
        suite: TestSuite,
        baseline: Baseline,
        *,
        protect: Sequence[str] = (),
        allow: Sequence[str] = (),
        canaries: bool = True,
        concurrency: int | None = None,
    ) -> None:
        self.suite = suite
        self.baseline = baseline
        self.protect = tuple(protect)
        self.allow = tuple(allow)
        self.canaries = canaries
        self._slots = asyncio.Semaphore(concurrency or os.cpu_count() or 1)

    @property
    def timeout(self) -> float:
        """Seconds that a run of a patched checkout may take."""
        return _GRACE + _PATIENCE * self.baseline.seconds

    async def check(self, changes: Changes) -> Verdict:
        """Return the verdict on a patch, which is passed as the files that it changes.

        The verdict lists the tests that failed before and those that the patch breaks. Costs one
        run of the test command, and a run of some of its tests if all of them pass. Raises
        `SandboxUnavailable`.
        """
        async with self._slots:
            began = time.monotonic()
            guarded = self._protected(changes)
            if guarded.refused:
                return self._refused(f"the patch was not run: {guarded.refused}.")
            if changes and not guarded.changes:
                return self._refused("the patch changes nothing but tests and their settings.")
            run = await self.suite.run(guarded.changes, timeout=self.timeout)
            comparison = compare(self.baseline, run)
            if comparison.passed and self.canaries and self.suite.is_pytest:
                signs = await self._signs_of_tampering(guarded.changes)
                comparison = comparison._replace(tampering=tuple(signs))
            return self._verdict(comparison, run, guarded, time.monotonic() - began)

    def _protected(self, changes: Changes) -> Protected:
        root = _root(self.suite)
        return protect(changes, root, more=self.protect, allowed=self.allow)

    async def _signs_of_tampering(self, changes: Changes) -> list[str]:
        """Run the canaries and return the signs of tampering."""
        planting = _plant(self.baseline, _root(self.suite))
        if not planting.words:
            return []
        names = [f"{self.baseline.root}/{name}" for name in planting.words]
        altered = {**changes, **planting.files}
        run = await self.suite.run(altered, only=names, timeout=self.timeout)
        return _survivors(planting, run)

    def _verdict(
        self, comparison: Comparison, run: TestRun, guarded: Protected, seconds: float
    ) -> Verdict:
        outcomes = (*comparison.targets, *comparison.lost[:_MAX_LOST])
        return Verdict(
            passed=comparison.passed,
            status=_status(comparison, run),
            tests=outcomes,
            stdout=run.result.stdout[-_MAX_OUTPUT:],
            stderr=run.result.stderr[-_MAX_OUTPUT:],
            isolation=run.result.isolation,
            strength=run.strength,
            detail=_detail(comparison, run, guarded),
            seconds=round(seconds, 3),
        )

    def _refused(self, reason: str) -> Verdict:
        return Verdict(
            passed=False,
            status="failed",
            tests=tuple(
                CaseOutcome(id=name, status="not_run") for name in self.baseline.failing_ids
            ),
            isolation=Isolation(tier="none"),
            detail=reason,
        )


class _Planting(NamedTuple):
    files: dict[str, str]
    """Test files with canaries, by path."""
    words: dict[str, str]
    """Words that the failures must contain, by the name of the test."""
    probes: frozenset[str]


def _root(suite: TestSuite) -> Path:
    return suite.tree().find_root()


def _plant(baseline: Baseline, root: Path) -> _Planting:
    sampled = list(baseline.passing)
    random.shuffle(sampled)
    by_file: dict[str, list[str]] = {}
    for name in (*baseline.failing_ids, *sampled[:_CANARIES_AMONG_PASSING]):
        file, _, rest = name.partition("::")
        if rest:
            by_file.setdefault(file, []).append(rest)
    files: dict[str, str] = {}
    words: dict[str, str] = {}
    probes: set[str] = set()
    for file, tests in by_file.items():
        path = Path(baseline.root, file)
        planted = _planted(path, [test.partition("[")[0] for test in tests])
        if planted is None or not path.is_relative_to(root):
            continue
        files[str(path.relative_to(root))] = planted.source
        probes.add(planted.probe)
        for test in tests:
            word = planted.words.get(test.partition("[")[0])
            if word:
                words[f"{file}::{test}"] = word
    return _Planting(files, words, frozenset(probes))


def _planted(path: Path, names: Sequence[str]) -> Planted | None:
    try:
        return plant(path.read_text(encoding="utf-8"), names)
    except (OSError, SyntaxError, ValueError):
        return None


def _survivors(planting: _Planting, run: TestRun) -> list[str]:
    """Return the signs of tampering: canaries that did not fail with their own word."""
    signs: list[str] = []
    for name, word in planting.words.items():
        outcome = run.tests.get(name)
        failure = f"{outcome.error}\n{outcome.traceback}" if outcome else ""
        if any(probe in failure for probe in planting.probes):
            signs.append(f"a value in {name} is equal to everything")
        elif outcome is None or outcome.passed:
            signs.append(f"{name} passes even with a false assertion")
        elif word not in failure and outcome.status == "not_run":
            signs.append(f"{name} is skipped although it has to fail")
    return signs


def _unnamed(name: str, run: TestRun) -> CaseOutcome:
    """Return the outcome of a test that was not reported: a missing test, or a whole file.

    A file that could not be collected before has passed if all of its tests pass now.
    """
    inside = [outcome for outcome in run.outcomes if outcome.id.startswith(f"{name}::")]
    if not inside or "::" in name:
        return _missing(name, run)
    worst = next((test for test in inside if test.status not in ("passed", "not_run")), None)
    return CaseOutcome(
        id=name,
        status=worst.status if worst else "passed",
        error=f"{worst.id}: {worst.error}" if worst else None,
        traceback=worst.traceback if worst else None,
        seconds=sum(outcome.seconds for outcome in inside),
    )


def _missing(name: str, run: TestRun) -> CaseOutcome:
    if name in run.deselected:
        return CaseOutcome(id=name, status="not_run", error="it was deselected")
    if run.result.limit:
        return CaseOutcome(id=name, status="timeout", error=run.result.ending)
    output = (run.result.stderr.strip() or run.result.stdout.strip())[-2_000:]
    return CaseOutcome(
        id=name,
        status="error",
        error=f"it was not reported ({run.result.ending})",
        traceback=output or None,
    )


def _skipped_as_failed(outcome: CaseOutcome) -> CaseOutcome:
    """Turn a skipped test into a failed one, keeping the reason."""
    if outcome.status != "not_run":
        return outcome
    return outcome.model_copy(update={"status": "failed", "error": f"not run: {outcome.error}"})


_LIMITS: dict[str, VerdictStatus] = {
    "timeout": "timeout",
    "memory": "memory_exceeded",
    "output": "output_exceeded",
}


def _status(comparison: Comparison, run: TestRun) -> VerdictStatus:
    if comparison.passed:
        return "passed"
    if comparison.tampering:
        return "protocol_violation"
    return _LIMITS.get(run.result.limit or "", "failed")


def _detail(comparison: Comparison, run: TestRun, guarded: Protected) -> str:
    parts: list[str] = []
    if comparison.tampering:
        parts.append(f"the tests were tampered with: {'; '.join(comparison.tampering[:3])}")
    failing = [outcome.id for outcome in comparison.targets if not outcome.passed]
    if failing:
        parts.append(f"{len(failing)} of {len(comparison.targets)} failing tests still fail")
    if comparison.lost:
        parts.append(f"{len(comparison.lost)} tests that passed before no longer pass")
    if guarded.left_out:
        names = ", ".join(guarded.left_out[:3])
        parts.append(f"judged without its changes to tests and their settings ({names})")
    parts.append(f"verdict: {run.strength}")
    return "; ".join(parts)
