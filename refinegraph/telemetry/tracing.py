"""Spans of a run's activities for tracers; without a tracer they cost almost nothing."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Literal, Protocol

from refinegraph.schema import TimedSpan

Kind = Literal["run", "node", "call", "sandbox"]
Attributes = Mapping[str, str | int | float | bool | tuple[str, ...]]
Note = Callable[[Attributes], None]
"""A function that adds attributes to an open span."""


class Tracer(Protocol):
    """A recorder of spans. A span opened inside another one, or in its tasks, is its child."""

    def span(self, kind: Kind, name: str, attributes: Attributes) -> AbstractContextManager[Note]:
        """Open a span for the duration of a context; an exception that ends it is its error."""
        ...


_TRACERS: ContextVar[tuple[Tracer, ...]] = ContextVar("refinegraph_tracers", default=())


@contextmanager
def traced(tracer: Tracer) -> Generator[None]:
    """Add a tracer that records the spans inside the context."""
    token = _TRACERS.set((*_TRACERS.get(), tracer))
    try:
        yield
    finally:
        _TRACERS.reset(token)


def span(
    kind: Kind, name: str, attributes: Attributes | None = None
) -> AbstractContextManager[Note]:
    """Open a span with every tracer.

    >>> timeline = Timeline()
    >>> with traced(timeline), span("node", "solve"), span("call", "chat"):
    ...     pass
    >>> [recorded.name for recorded in timeline.spans]
    ['chat', 'solve']
    """
    tracers = _TRACERS.get()
    if not tracers:
        return _NO_SPAN
    if len(tracers) == 1:
        return tracers[0].span(kind, name, attributes or {})
    return _span_of_all(tracers, kind, name, attributes or {})


@contextmanager
def _span_of_all(
    tracers: Sequence[Tracer], kind: Kind, name: str, attributes: Attributes
) -> Generator[Note]:
    with ExitStack() as stack:
        notes = [stack.enter_context(tracer.span(kind, name, attributes)) for tracer in tracers]

        def note(more: Attributes) -> None:
            for add in notes:
                add(more)

        yield note


class Timeline:
    """A tracer that records when spans began and ended, in seconds since its creation."""

    def __init__(self) -> None:
        self.spans: list[TimedSpan] = []
        self._zero = time.monotonic()

    def span(self, kind: Kind, name: str, attributes: Attributes) -> "AbstractContextManager[Note]":
        """Record one span when it ends."""
        return _OpenSpan(self, kind, name, attributes)

    def now(self) -> float:
        """Return the seconds since the timeline was created, to a tenth of a millisecond."""
        return round(time.monotonic() - self._zero, 4)


class _OpenSpan:
    """An open span of a timeline; a class rather than a generator, which would be slower."""

    def __init__(self, timeline: Timeline, kind: Kind, name: str, attributes: Attributes) -> None:
        self.timeline = timeline
        self.kind: Kind = kind
        self.name = name
        self.notes = dict(attributes)

    def __enter__(self) -> Note:
        self.began = self.timeline.now()
        return self.notes.update

    def __exit__(self, *_: object) -> None:
        detail = ", ".join(f"{key} {value}" for key, value in _short(self.notes))
        self.timeline.spans.append(
            TimedSpan(
                kind=self.kind,
                name=self.name,
                began=self.began,
                ended=self.timeline.now(),
                detail=detail,
            )
        )


_LABELS = {
    "gen_ai.request.model": "model",
    "gen_ai.request.choice.count": "choices",
    "gen_ai.usage.input_tokens": "prompt tokens",
    "gen_ai.usage.output_tokens": "tokens",
    "refinegraph.sandbox.status": "status",
    "refinegraph.candidate.id": "candidate",
    "refinegraph.round": "round",
}


def _short(attributes: Attributes) -> list[tuple[str, object]]:
    return [(_LABELS[key], value) for key, value in attributes.items() if key in _LABELS]


def _ignore(attributes: Attributes) -> None:
    return


_NO_SPAN = nullcontext(_ignore)
