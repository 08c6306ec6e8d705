"""What a memory does, whatever keeps its notes."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, runtime_checkable

from refinegraph.schema import Note

Embedder = Callable[[Sequence[str]], Awaitable[Sequence[Sequence[float]]]]
"""Returns one vector for each text, all of the same length."""


@runtime_checkable
class Memory(Protocol):
    """Keeps notes and finds those that a text is about."""

    async def recall(self, about: str, *, k: int = 3) -> tuple[Note, ...]:
        """Return at most `k` notes, the most relevant first; none where nothing is relevant."""
        ...

    async def keep(self, notes: Sequence[Note]) -> None:
        """Keep notes; one with the same kind and text as a kept note is not kept again."""
        ...
