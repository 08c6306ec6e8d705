"""Spans of what a run does, for whoever traces it; without a tracer they cost next to nothing."""

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
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


@contextmanager
def span(kind: Kind, name: str, attributes: Attributes | None = None) -> Generator[Note]:
    """Open a span with every tracer.

    >>> timeline = Timeline()
    >>> with traced(timeline), span("node", "solve"), span("call", "chat"):
    ...     pass
    >>> [each.name for each in timeline.spans]
    ['chat', 'solve']
    """
    tracers = _TRACERS.get()
    if not tracers:
        yield _ignore
        return
    with ExitStack() as stack:
        notes = [stack.enter_context(each.span(kind, name, attributes or {})) for each in tracers]

        def note(more: Attributes) -> None:
            for each in notes:
                each(more)

        yield note


class Timeline:
    """A tracer that keeps when each span began and ended, in seconds since it was made."""

    def __init__(self) -> None:
        self.spans: list[TimedSpan] = []
        self._zero = time.monotonic()

    @contextmanager
    def span(self, kind: Kind, name: str, attributes: Attributes) -> Generator[Note]:
        """Record one span when it ends."""
        began, notes = self._now(), dict(attributes)
        try:
            yield notes.update
        finally:
            detail = ", ".join(f"{key} {value}" for key, value in _short(notes))
            self.spans.append(
                TimedSpan(kind=kind, name=name, began=began, ended=self._now(), detail=detail)
            )

    def _now(self) -> float:
        return round(time.monotonic() - self._zero, 4)


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
