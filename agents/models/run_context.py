"""What all model calls of a run share: its deadline, its observers, its limit in flight."""

import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from refinegraph.agents.models.calls.rate_limits import RateLimits
from refinegraph.agents.models.events import ModelEvent, Work
from refinegraph.agents.models.spending.call_cache import CallCache
from refinegraph.agents.models.spending.ledger import Ledger
from refinegraph.charging import Account, collecting_unaccounted, current_unaccounted
from refinegraph.schema import Frozen

Observer = Callable[[Any], None]
"""Hears of model calls (`ModelEvent`) and of whatever else goes on in the run.

Called in the event loop of the call, so it must be quick; what it raises ends the call.
"""


class RunScope(NamedTuple):
    """What `run_scope` put in force."""

    deadline: float | None
    """In seconds of `time.monotonic`; None where the run may take any time."""
    observers: tuple[Observer, ...]
    rate_limits: RateLimits
    unaccounted: Account
    """What was spent outside any `charging` account; outside any run, by the whole process."""
    cache: CallCache | None = None
    """Answers that are kept."""
    ledger: Ledger | None = None
    """What may be spent."""
    sample_counts: Counter[str] | None = None
    """How many samples of each request the run has asked for; None outside of any run."""
    paused: float = 0.0
    """For how many seconds the run lay still since it was begun."""
    streams: bool = False
    """Whether single answers are told of as they are written."""

    @property
    def run(self) -> int:
        """What tells this run from others, for calls to be made run by run."""
        return id(self.sample_counts)

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline, at least 0; None where there is none."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def claim_samples(self, request: str, samples: int) -> int:
        """Count samples of a request that are asked for; return how many were before."""
        here = _COUNTED_HERE.get()
        if here is not None:
            here[request] += samples
        if self.sample_counts is None:
            return 0
        before = self.sample_counts[request]
        self.sample_counts[request] += samples
        return before

    def emit(self, event: Frozen) -> None:
        """Tell every observer."""
        for observer in self.observers:
            observer(event)


_OUTSIDE = RunScope(
    deadline=None, observers=(), rate_limits=RateLimits(64), unaccounted=current_unaccounted()
)
_SCOPE = ContextVar("refinegraph_run_scope", default=_OUTSIDE)
_WORK: ContextVar[Work | None] = ContextVar("refinegraph_work", default=None)
_COUNTED_HERE: ContextVar[Counter[str] | None] = ContextVar("refinegraph_asked_here", default=None)


def current_scope() -> RunScope:
    """Return the scope in force: no deadline, no observers and 64 calls in flight outside any."""
    return _SCOPE.get()


@contextmanager
def run_scope(
    *,
    deadline: float | None = None,
    on_event: Observer | None = None,
    rate_limits: int | RateLimits | None = None,
    cache: CallCache | None = None,
    ledger: Ledger | None = None,
    sample_counts: Mapping[str, int] | None = None,
    paused: float = 0.0,
    streams: bool = False,
) -> Generator[RunScope]:
    """Put a deadline, an observer and a limit in force for every model call inside.

    Scopes nest: the earlier deadline holds, every observer hears of every call, the inner limit
    replaces the outer one. Tasks that are started inside belong to the scope.

    Args:
        deadline: In seconds of `time.monotonic`. A call that has not ended by then is cancelled
            and raises `DeadlineExceeded`.
        on_event: Hears `CallStarted`, then `CallRetried` any number of times, then `CallFinished`
            or `CallFailed`, for each request.
        rate_limits: How many requests may be in flight, or `RateLimits` shared with other runs.
        cache: Answers that are kept; the run begins with the first sample of each request.
        ledger: What may be spent; shared with whatever else is given it.
        sample_counts: How many samples of each request the run took before it was interrupted.
        paused: For how many seconds the run lay still since it was begun.
        streams: Whether observers hear `TokensStreamed` while an answer is written.
    """
    outer = _SCOPE.get()
    deadlines = [each for each in (outer.deadline, deadline) if each is not None]
    with collecting_unaccounted() as unaccounted:
        scope = RunScope(
            deadline=min(deadlines, default=None),
            observers=outer.observers if on_event is None else (*outer.observers, on_event),
            rate_limits=_limit(rate_limits) or outer.rate_limits,
            unaccounted=unaccounted,
            cache=cache or outer.cache,
            ledger=ledger or outer.ledger,
            sample_counts=Counter(sample_counts or {}),
            paused=paused,
            streams=streams or outer.streams,
        )
        token = _SCOPE.set(scope)
        try:
            yield scope
        finally:
            _SCOPE.reset(token)


@contextmanager
def only_calls_observed() -> Generator[None]:
    """Let observers hear of the model calls inside and of nothing else: for a run within a run."""
    outer = _SCOPE.get()
    token = _SCOPE.set(outer._replace(observers=tuple(map(_of_calls, outer.observers))))
    try:
        yield
    finally:
        _SCOPE.reset(token)


def _of_calls(observer: Observer) -> Observer:
    def hear(event: Any) -> None:
        if isinstance(event, ModelEvent):
            observer(event)

    return hear


@contextmanager
def working(work: Work) -> Generator[Counter[str]]:
    """Say what the model calls inside are made for, and count the samples they ask for by request.

    Only requests that a cache or a seed makes distinct are counted.
    """
    counted: Counter[str] = Counter()
    before, count = _WORK.set(work), _COUNTED_HERE.set(counted)
    try:
        yield counted
    finally:
        _WORK.reset(before)
        _COUNTED_HERE.reset(count)


def current_work() -> Work | None:
    """Return what the calls that are made now are for."""
    return _WORK.get()


def _limit(rate_limits: int | RateLimits | None) -> RateLimits | None:
    return RateLimits(rate_limits) if isinstance(rate_limits, int) else rate_limits
