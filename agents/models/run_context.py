"""Context shared by all model calls of a run: deadline, observers and rate limits."""

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
"""Callback for model calls (`ModelEvent`) and the other events of a run.

It is called in the event loop of the call, so it must be fast. An exception that it raises aborts
the call.
"""


class RunScope(NamedTuple):
    """The settings and shared state established by `run_scope`."""

    deadline: float | None
    """A value of `time.monotonic()` in seconds, or None for no deadline."""
    observers: tuple[Observer, ...]
    rate_limits: RateLimits
    unaccounted: Account
    """Spending outside any `charging` account; outside any run, that of the whole process."""
    cache: CallCache | None = None
    """Cached answers."""
    ledger: Ledger | None = None
    """The budget."""
    sample_counts: Counter[str] | None = None
    """Samples requested so far for each request; None outside of a run."""
    paused: float = 0.0
    """Seconds for which the run was interrupted since it began."""
    streams: bool = False
    """Whether single answers are streamed to the observers."""

    @property
    def run(self) -> int:
        """An identifier of this run, used to schedule calls fairly between runs."""
        return id(self.sample_counts)

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline, at least 0, or None without a deadline."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def claim_samples(self, request: str, samples: int) -> int:
        """Reserve sample indices for a request and return the first one."""
        counts = _COUNTED_HERE.get()
        if counts is not None:
            counts[request] += samples
        if self.sample_counts is None:
            return 0
        first = self.sample_counts[request]
        self.sample_counts[request] += samples
        return first

    def emit(self, event: Frozen) -> None:
        """Send an event to every observer."""
        for observer in self.observers:
            observer(event)


_OUTSIDE = RunScope(
    deadline=None, observers=(), rate_limits=RateLimits(64), unaccounted=current_unaccounted()
)
_SCOPE = ContextVar("refinegraph_run_scope", default=_OUTSIDE)
_WORK: ContextVar[Work | None] = ContextVar("refinegraph_work", default=None)
_COUNTED_HERE: ContextVar[Counter[str] | None] = ContextVar("refinegraph_asked_here", default=None)


def current_scope() -> RunScope:
    """Return the current scope; outside any, 64 concurrent calls, no deadline and no observers."""
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
    """Set the deadline, observer, limits and budget of every model call inside the context.

    Scopes can be nested: the earlier deadline applies, every observer receives every event, and an
    inner limit replaces the outer one. Tasks started inside belong to the scope.

    Args:
        deadline: A value of `time.monotonic()` in seconds. A call that has not finished by then is
            cancelled and raises `DeadlineExceeded`.
        on_event: Receives `CallStarted`, any number of `CallRetried`, then `CallFinished` or
            `CallFailed` for each request.
        rate_limits: Maximum number of concurrent requests, or `RateLimits` shared between runs.
        cache: Cached answers; the run starts with the first sample of each request.
        ledger: The budget, which may be shared with other runs.
        sample_counts: Samples taken of each request before the run was interrupted.
        paused: Seconds for which the run was interrupted since it began.
        streams: Whether observers receive `TokensStreamed` while an answer is generated.
    """
    outer = _SCOPE.get()
    deadlines = [instant for instant in (outer.deadline, deadline) if instant is not None]
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
    """Restrict observers to model events inside the context, for a run within a run."""
    outer = _SCOPE.get()
    token = _SCOPE.set(outer._replace(observers=tuple(map(_of_calls, outer.observers))))
    try:
        yield
    finally:
        _SCOPE.reset(token)


def _of_calls(observer: Observer) -> Observer:
    def observe(event: Any) -> None:
        if isinstance(event, ModelEvent):
            observer(event)

    return observe


@contextmanager
def working(work: Work) -> Generator[Counter[str]]:
    """Record the purpose of the model calls inside the context, and count their samples.

    The yielded counter maps requests to samples. Only requests that are distinguished by a cache
    or a seed are counted.
    """
    counted: Counter[str] = Counter()
    work_token, count_token = _WORK.set(work), _COUNTED_HERE.set(counted)
    try:
        yield counted
    finally:
        _WORK.reset(work_token)
        _COUNTED_HERE.reset(count_token)


def current_work() -> Work | None:
    """Return the purpose of model calls made in the current context."""
    return _WORK.get()


def _limit(rate_limits: int | RateLimits | None) -> RateLimits | None:
    return RateLimits(rate_limits) if isinstance(rate_limits, int) else rate_limits
