"""The parts of a stream that are sent while an answer is being produced."""

from collections.abc import Callable
from typing import Literal, NamedTuple

DeltaKind = Literal["content", "reasoning"]


class Delta(NamedTuple):
    """A piece of an answer, or of the progress report about it."""

    kind: DeltaKind
    text: str
    choice: int = 0


OnDelta = Callable[[Delta], None]
"""Callback that receives deltas in the event loop of the request."""


def ignore(delta: Delta) -> None:
    """Ignore a delta, for answers that are sent in one piece."""
