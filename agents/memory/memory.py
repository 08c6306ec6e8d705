"""The memory protocol."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, runtime_checkable

from refinegraph.schema import Note

Embedder = Callable[[Sequence[str]], Awaitable[Sequence[Sequence[float]]]]
"""Returns one vector per text, all of the same length."""


@runtime_checkable
class Memory(Protocol):
    """Keeps notes and finds the ones relevant to a text."""

    async def recall(self, query: str, *, k: int = 3) -> tuple[Note, ...]:
        """Return at most `k` notes, most relevant first; none if nothing is relevant."""
        ...

    async def add(self, notes: Sequence[Note]) -> None:
        """Keep notes; a note with the kind and text of a kept note is skipped."""
        ...
