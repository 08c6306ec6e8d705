"""The outcomes of one run of a test command."""

from collections.abc import Mapping, Sequence
from typing import Literal

from refinegraph.schema import CaseOutcome, Frozen, Strength
from refinegraph.tools.workspace import CommandResult

Format = Literal["pytest", "junit", "go", "tap", "cargo", "jest", "exit code"]
"""The format in which the command reported its tests."""

COMMAND = "command"
"""The name of the only test of a command that reports none: whether the command succeeds."""


class TestRun(Frozen):
    """One run of a test command."""

    outcomes: tuple[CaseOutcome, ...]
    """The outcome of every reported test; `not_run` if it was skipped or expected to fail."""
    collected: int
    """Number of tests that the runner collected, whether it ran them or not."""
    deselected: tuple[str, ...] = ()
    """Tests that were collected but deselected."""
    result: CommandResult
    format: Format
    strength: Strength
    tampering: tuple[str, ...] = ()
    """Signs that the program tampered with the test runner; such a run proves nothing."""
    patched: tuple[str, ...] = ()
    """Functions of the test runner that were replaced while it ran."""
    plugins: tuple[str, ...] = ()
    root: str = ""
    """The directory that the names of pytest's tests are relative to."""

    @property
    def tests(self) -> Mapping[str, CaseOutcome]:
        """The outcomes by the names of the tests."""
        return {outcome.id: outcome for outcome in self.outcomes}

    @property
    def passed(self) -> frozenset[str]:
        """The tests that passed."""
        return frozenset(outcome.id for outcome in self.outcomes if outcome.passed)

    @property
    def failed(self) -> tuple[CaseOutcome, ...]:
        """The outcomes of the tests that ran and did not pass."""
        return tuple(
            outcome for outcome in self.outcomes if outcome.status not in ("passed", "not_run")
        )

    @property
    def skipped(self) -> tuple[str, ...]:
        """The tests that were skipped or expected to fail."""
        return tuple(outcome.id for outcome in self.outcomes if outcome.status == "not_run")

    @property
    def summary(self) -> str:
        """The counts as text: `3 failed, 120 passed, 2 skipped`."""
        counts = (
            (len(self.failed), "failed"),
            (len(self.passed), "passed"),
            (len(self.skipped), "skipped"),
            (len(self.deselected), "deselected"),
        )
        return ", ".join(f"{count} {word}" for count, word in counts if count) or "no tests"


def merged(outcomes: Sequence[CaseOutcome]) -> tuple[CaseOutcome, ...]:
    """Return one outcome per test, preferring failures to passes, in order of first occurrence."""
    kept: dict[str, CaseOutcome] = {}
    for outcome in outcomes:
        before = kept.get(outcome.id)
        if before is None or _rank(outcome) > _rank(before):
            kept[outcome.id] = outcome
    return tuple(kept.values())


def _rank(outcome: CaseOutcome) -> int:
    return {"passed": 0, "not_run": 1}.get(outcome.status, 2)
