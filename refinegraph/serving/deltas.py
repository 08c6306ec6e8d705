"""What a stream is made of while an answer is being worked on."""

from collections.abc import Callable
from typing import Literal, NamedTuple

DeltaKind = Literal["content", "reasoning"]


class Delta(NamedTuple):
    """More of an answer, or of what is said about the work on it."""

    kind: DeltaKind
    text: str
    choice: int = 0


OnDelta = Callable[[Delta], None]
"""Hears deltas in the event loop of the request."""


def ignore(delta: Delta) -> None:
    """Hear nothing: for answers that come in one piece."""
