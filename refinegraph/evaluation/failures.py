"""Runs without a result: the reason, and what they spent before they failed."""

from collections import Counter
from typing import NamedTuple

from refinegraph.agents.models import CallFailed, CallFinished
from refinegraph.errors import (
    BudgetExceeded,
    ContextTooLong,
    DeadlineExceeded,
    InputError,
    ModelError,
    RefinegraphError,
    SandboxUnavailable,
    SettingError,
)
from refinegraph.evaluation.judging import SandboxFailed
from refinegraph.evaluation.records import ErrorKind, ResultLine, RunError, RunKey, error_line
from refinegraph.schema import Frozen, RefinementResult, Usage
from refinegraph.support.redaction import redact

_KINDS: tuple[tuple[type[Exception], ErrorKind], ...] = (
    (BudgetExceeded, "budget"),
    (ModelError, "model"),
    (DeadlineExceeded, "model"),
    (SandboxFailed, "sandbox"),
    (SandboxUnavailable, "sandbox"),
    (SettingError, "setting"),
    (InputError, "input"),
)
"""The first match wins: a `BudgetExceeded` is also a `DeadlineExceeded`."""

# Messages of other libraries may contain a whole response; a line of results should be readable.
_LONGEST_DETAIL = 1_000


class Failed(NamedTuple):
    """A run without a result. It is not counted, and `--resume` repeats it."""

    key: RunKey
    error: RunError
    usage: Usage = Usage()
    """What the run spent before it failed."""

    @property
    def reason(self) -> str:
        """Why it failed, in one sentence; an unexpected error also names its class."""
        named = self.error.kind == "unexpected"
        return f"{self.error.type}: {self.error.detail}" if named else self.error.detail

    @property
    def by_budget(self) -> bool:
        """Whether the run failed only because the budget was spent."""
        return self.error.kind == "budget"

    @property
    def blames_model(self) -> bool:
        """Whether the model failed for a reason that may affect other problems too."""
        return self.error.kind == "model" and self.error.type != ContextTooLong.__name__

    @property
    def line(self) -> ResultLine:
        """The line of `results.jsonl`."""
        return error_line(self.key, self.error, self.usage)


class SpentUsage:
    """Accumulates the cost of a run's model calls; pass `handle` to a scope as `on_event`."""

    def __init__(self) -> None:
        self.usage = Usage()

    def handle(self, event: Frozen) -> None:
        """Add the usage of one event."""
        if isinstance(event, CallFinished | CallFailed):
            self.usage += event.usage


def error_of(error: Exception) -> RunError:
    """Return the record of an exception, with keys redacted.

    >>> error_of(KeyError("x")).kind
    'unexpected'
    """
    detail = redact(str(error) or "it says nothing")[:_LONGEST_DETAIL]
    return RunError(kind=_kind_of(error), type=type(error).__name__, detail=detail)


def error_in(result: RefinementResult) -> RunError | None:
    """Return why a run that ended normally does not count: its budget or its model failed."""
    detail = result.stop_reason.detail
    if any(failure.kind == "budget" for failure in result.failures):
        return RunError(kind="budget", type="BudgetExceeded", detail=detail)
    silent = not any(candidate.text.strip() for candidate in result.candidates)
    if result.stop_reason.rule == "failed" and (silent or not result.solved):
        return RunError(kind="model", type="ModelError", detail=detail)
    return None


def _kind_of(error: Exception) -> ErrorKind:
    for known, kind in _KINDS:
        if isinstance(error, known):
            return kind
    return "unexpected"


class FailureCounts:
    """Counts failed runs by reason; memory grows with the number of distinct reasons only.

    >>> error = RunError(kind="model", type="ModelError", detail="it is gone")
    >>> counts = FailureCounts()
    >>> for name in ("a", "b"):
    ...     counts.add(Failed((name, "single"), error))
    >>> counts.total, [(each.reason, each.runs, each.first) for each in counts.by_reason()]
    (2, [('it is gone', 2, ('a', 'single'))])
    """

    def __init__(self) -> None:
        self.last: Failed | None = None
        self._counts: Counter[str] = Counter()
        self._first: dict[str, RunKey] = {}

    def add(self, failed: Failed) -> None:
        """Count one failed run."""
        self.last = failed
        self._counts[failed.reason] += 1
        self._first.setdefault(failed.reason, failed.key)

    @property
    def total(self) -> int:
        """The number of failed runs."""
        return self._counts.total()

    def by_reason(self) -> list["ReasonCount"]:
        """Return the distinct reasons, most frequent first."""
        return [
            ReasonCount(reason, count, self._first[reason])
            for reason, count in self._counts.most_common()
        ]


class ReasonCount(NamedTuple):
    """The number of runs that failed for one reason, and the first of them."""

    reason: str
    runs: int
    first: RunKey


def error_for(failed: Failed) -> RefinegraphError:
    """Return the exception that ends an evaluation in which every run failed this way."""
    classes: dict[ErrorKind, type[RefinegraphError]] = {
        "model": ModelError,
        "sandbox": SandboxUnavailable,
        "input": InputError,
        "setting": SettingError,
    }
    return classes.get(failed.error.kind, RefinegraphError)(failed.reason)
