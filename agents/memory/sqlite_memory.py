"""Notes in an SQLite file, searched by words and, with an embedder, by meaning."""

import asyncio
import math
import sqlite3
import threading
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from refinegraph.agents.memory.memory import Embedder
from refinegraph.agents.memory.text_index import TextIndex
from refinegraph.errors import InputError
from refinegraph.schema import Note
from refinegraph.support.private_files import make_private_folder, touch_private

T = TypeVar("T")

_BUSY_SECONDS = 30.0
"""Seconds that a write waits for another process to finish writing."""
_RANK_OFFSET = 60
"""The constant of reciprocal rank fusion (Cormack et al., SIGIR 2009), as published."""
_IN_PROCESS = ":memory:"
"""SQLite's name for a database without a file."""
_POOL = 4
"""Multiple of `k` that each ranking contributes before the two are fused."""


class SQLiteMemory:
    """Keep notes in an SQLite file that runs and processes can share.

    A new file is readable by its owner only; `:memory:` keeps the notes in this process. Without
    an embedder, notes are found by full-text search (FTS5, BM25), which costs no model call. With
    one, the word ranking and the ranking by cosine similarity are fused; every kept note and every
    search embeds its text once.

    >>> import asyncio, tempfile
    >>> memory = SQLiteMemory(Path(tempfile.mkdtemp()) / "notes.db")
    >>> asyncio.run(memory.add([Note(text="Sort before you search by bisection.")]))
    >>> asyncio.run(memory.recall("Where does bisection fail?"))[0].text
    'Sort before you search by bisection.'
    """

    def __init__(self, path: str | Path, *, embed: Embedder | None = None) -> None:
        self.path = Path(path)
        self.embed = embed
        self._lock = threading.Lock()
        self._index: TextIndex | None = None

    async def add(self, notes: Sequence[Note]) -> None:
        """Keep the notes that the file does not contain yet."""
        ids = await self._do(lambda index: index.add(notes))
        if self.embed and ids:
            rows = await self._do(lambda index: index.get(ids))
            vectors = await self.embed([row.note.text for row in rows])
            stored = [(_packed(vector), row.id) for row, vector in zip(rows, vectors, strict=True)]
            await self._do(lambda index: _store(index.database, stored))

    async def recall(self, query: str, *, k: int = 3) -> tuple[Note, ...]:
        """Return at most `k` notes, most relevant first."""
        if not self.embed:
            return tuple(row.note for row in await self._do(lambda i: i.search(query, k=k)))
        vector = _unit((await self.embed([query]))[0])
        by_words = await self._do(lambda index: index.search(query, k=k * _POOL))
        by_meaning = await self._do(lambda index: _nearest(index.database, vector, k=k * _POOL))
        fused = _fuse([row.id for row in by_words], by_meaning)[:k]
        return tuple(row.note for row in await self._do(lambda index: index.get(fused)))

    def close(self) -> None:
        """Close the file; the next use of the memory reopens it."""
        with self._lock:
            if self._index:
                self._index.database.close()
            self._index = None

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"SQLiteMemory({str(self.path)!r})"

    async def _do(self, work: Callable[[TextIndex], T]) -> T:
        return await asyncio.to_thread(self._locked, work)

    def _locked(self, work: Callable[[TextIndex], T]) -> T:
        with self._lock:
            if self._index is None:
                self._index = TextIndex(_open(self.path))
            return work(self._index)


def _open(path: Path) -> sqlite3.Connection:
    try:
        if str(path) != _IN_PROCESS:
            make_private_folder(path.parent)
            touch_private(path)
        database = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False)
        database.execute("PRAGMA journal_mode = WAL")
    except (OSError, sqlite3.Error) as error:
        raise InputError(
            f"cannot open the memory {str(path)!r}: {error}; expected an SQLite file or a path "
            "where one can be created."
        ) from None
    return database


def _store(database: sqlite3.Connection, vectors: Sequence[tuple[bytes, int]]) -> None:
    with database:
        database.executemany("UPDATE notes SET vector = ? WHERE id = ?", vectors)


def _nearest(database: sqlite3.Connection, query: Sequence[float], *, k: int) -> list[int]:
    """Return the ids of the notes with the most similar vectors, most similar first."""
    rows = database.execute("SELECT id, vector FROM notes WHERE vector IS NOT NULL")
    scored = [(_similarity(query, packed), id) for id, packed in rows]
    return [id for _, id in sorted(scored, key=lambda pair: (-pair[0], pair[1]))[:k]]


def _fuse(*rankings: Sequence[int]) -> list[int]:
    """Merge rankings of ids by reciprocal rank fusion, best first.

    >>> _fuse([1, 2, 3], [3, 1])
    [1, 3, 2]
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, id in enumerate(ranking):
            scores[id] = scores.get(id, 0.0) + 1 / (_RANK_OFFSET + rank)
    return sorted(scores, key=lambda id: (-scores[id], id))


def _packed(vector: Sequence[float]) -> bytes:
    return array("f", _unit(vector)).tobytes()


def _unit(vector: Sequence[float]) -> list[float]:
    length = math.hypot(*vector) or 1.0
    return [value / length for value in vector]


def _similarity(query: Sequence[float], packed: bytes) -> float:
    """Return the cosine of two unit vectors; -1 for a vector of another embedder's length."""
    stored = array("f", packed)
    if len(stored) != len(query):
        return -1.0
    return sum(left * right for left, right in zip(query, stored, strict=True))
