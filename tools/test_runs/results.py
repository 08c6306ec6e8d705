"""How the tests of one run of a test command ended."""

from collections.abc import Mapping, Sequence
from typing import Literal

from refinegraph.schema import CaseOutcome, Frozen, Strength
from refinegraph.tools.workspace import CommandResult

Format = Literal["pytest", "junit", "go", "tap", "cargo", "jest", "exit code"]
"""In what form the command told how its tests ended."""

COMMAND = "command"
"""The only test of a command that reports none: whether it succeeds."""


class TestRun(Frozen):
    """One run of a test command."""

    outcomes: tuple[CaseOutcome, ...]
    """How every reported test ended; `not_run` for one that was skipped or expected to fail."""
    collected: int
    """How many tests the runner found, whether it ran them or not."""
    deselected: tuple[str, ...] = ()
    """Tests that were found and left out."""
    result: CommandResult
    format: Format
    strength: Strength
    tampering: tuple[str, ...] = ()
    """Signs that the program meddled with the test runner; such a run proves nothing."""
    patched: tuple[str, ...] = ()
    """Functions of the test runner that were replaced while it ran."""
    plugins: tuple[str, ...] = ()
    root: str = ""
    """The folder that the names of pytest's tests are relative to."""

    @property
    def tests(self) -> Mapping[str, CaseOutcome]:
        """The outcomes by the name of the test."""
        return {outcome.id: outcome for outcome in self.outcomes}

    @property
    def passed(self) -> frozenset[str]:
        """The tests that passed."""
        return frozenset(outcome.id for outcome in self.outcomes if outcome.passed)

    @property
    def failed(self) -> tuple[CaseOutcome, ...]:
        """The tests that ran and did not pass, with what they said."""
        return tuple(each for each in self.outcomes if each.status not in ("passed", "not_run"))

    @property
    def skipped(self) -> tuple[str, ...]:
        """The tests that were skipped or expected to fail."""
        return tuple(outcome.id for outcome in self.outcomes if outcome.status == "not_run")

    @property
    def summary(self) -> str:
        """The counts in words: `3 failed, 120 passed, 2 skipped`."""
        counts = (
            (len(self.failed), "failed"),
            (len(self.passed), "passed"),
            (len(self.skipped), "skipped"),
            (len(self.deselected), "deselected"),
        )
        return ", ".join(f"{count} {word}" for count, word in counts if count) or "no tests"


def merged(outcomes: Sequence[CaseOutcome]) -> tuple[CaseOutcome, ...]:
    """Return one outcome a test: a failure wins over a pass, in the order of first sight."""
    kept: dict[str, CaseOutcome] = {}
    for outcome in outcomes:
        before = kept.get(outcome.id)
        if before is None or _rank(outcome) > _rank(before):
            kept[outcome.id] = outcome
    return tuple(kept.values())


def _rank(outcome: CaseOutcome) -> int:
    return {"passed": 0, "not_run": 1}.get(outcome.status, 2)
