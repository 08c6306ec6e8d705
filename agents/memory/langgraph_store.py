"""A memory backed by a LangGraph store."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from refinegraph.schema import Note

if TYPE_CHECKING:
    from langgraph.store.base import BaseStore


class StoreMemory:
    """Keep notes in a namespace of a LangGraph `BaseStore`.

    A store with an index finds notes by meaning; without one, LangGraph returns the newest notes.

    >>> import asyncio
    >>> from langgraph.store.memory import InMemoryStore
    >>> memory = StoreMemory(InMemoryStore())
    >>> asyncio.run(memory.add([Note(text="Check the empty list.")]))
    >>> asyncio.run(memory.recall("lists"))[0].text
    'Check the empty list.'
    """

    def __init__(
        self, store: "BaseStore", *, namespace: tuple[str, ...] = ("refinegraph", "notes")
    ) -> None:
        self.store = store
        self.namespace = namespace

    async def recall(self, query: str, *, k: int = 3) -> tuple[Note, ...]:
        """Return at most `k` notes, in the store's order of relevance."""
        items = await self.store.asearch(self.namespace, query=query, limit=k)
        return tuple(Note.model_validate(item.value) for item in items)

    async def add(self, notes: Sequence[Note]) -> None:
        """Keep notes; equal notes share a key and are stored once."""
        for note in notes:
            key = hashlib.sha256(f"{note.kind} {note.text}".encode()).hexdigest()[:32]
            await self.store.aput(self.namespace, key, note.model_dump(mode="json"))

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"StoreMemory({type(self.store).__name__}(), namespace={self.namespace!r})"
