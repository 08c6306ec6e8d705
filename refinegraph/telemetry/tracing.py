"""Spans of what a run does, for whoever traces it; without a tracer they cost next to nothing."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Literal, Protocol

from refinegraph.schema import TimedSpan

Kind = Literal["run", "node", "call", "sandbox"]
Attributes = Mapping[str, str | int | float | bool | tuple[str, ...]]
Note = Callable[[Attributes], None]
"""Adds attributes to a span that is open."""


class Tracer(Protocol):
    """Records spans. A span that is opened within another, in its tasks too, is its child."""

    def span(self, kind: Kind, name: str, attributes: Attributes) -> AbstractContextManager[Note]:
        """Open a span for as long as the context lasts; what ends it early is its error."""
        ...


_TRACERS: ContextVar[tuple[Tracer, ...]] = ContextVar("refinegraph_tracers", default=())


@contextmanager
def traced(tracer: Tracer) -> Generator[None]:
    """Let a tracer record what happens inside, beside those that do already."""
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
    >>> [each.name for each in timeline.spans]
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
    """A tracer that keeps when each span began and ended, in seconds since it was made."""

    def __init__(self) -> None:
        self.spans: list[TimedSpan] = []
        self._zero = time.monotonic()

    def span(self, kind: Kind, name: str, attributes: Attributes) -> "AbstractContextManager[Note]":
        """Record one span when it ends."""
        return _OpenSpan(self, kind, name, attributes)

    def now(self) -> float:
        """Return the seconds since it was made, to a tenth of a millisecond."""
        return round(time.monotonic() - self._zero, 4)


class _OpenSpan:
    """A span of a timeline until it ends; a class, since every node and call of a run opens one."""

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


_TOLD = {
    "gen_ai.request.model": "model",
    "gen_ai.request.choice.count": "choices",
    "gen_ai.usage.input_tokens": "prompt tokens",
    "gen_ai.usage.output_tokens": "tokens",
    "refinegraph.sandbox.status": "status",
    "refinegraph.candidate.id": "candidate",
    "refinegraph.round": "round",
}


def _short(attributes: Attributes) -> list[tuple[str, object]]:
    return [(_TOLD[key], value) for key, value in attributes.items() if key in _TOLD]


def _ignore(attributes: Attributes) -> None:
    return


_NO_SPAN = nullcontext(_ignore)
