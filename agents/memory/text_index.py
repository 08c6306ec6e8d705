"""A table of notes with an SQLite full-text index."""

import re
import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from refinegraph.errors import InputError
from refinegraph.schema import Note

_WORD = re.compile(r"[^\W_]+")
_QUERY_WORDS = 64
"""Maximum distinct words of a query; more would cost time and, in long statements, add only common
words."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL, about TEXT NOT NULL,
    vector BLOB, UNIQUE (kind, text)
);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
    text, about, content='notes', content_rowid='id', tokenize='porter unicode61'
);
CREATE TRIGGER IF NOT EXISTS index_note AFTER INSERT ON notes BEGIN
    INSERT INTO words(rowid, text, about) VALUES (new.id, new.text, new.about);
END;
"""


class Row(NamedTuple):
    """A kept note and its id; ids increase in the order of insertion."""

    id: int
    note: Note


class TextIndex:
    """Notes in an SQLite database with full-text search. Use it from one thread at a time."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        try:
            database.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            if "fts5" not in str(error):
                raise
            raise InputError(
                "this Python's SQLite was built without full-text search (FTS5), which memories "
                "need; install a Python with it, such as those of python.org or uv."
            ) from None

    def add(self, notes: Iterable[Note]) -> list[int]:
        """Insert the notes that are not present yet, in one transaction; return their ids."""
        with self.database:
            return [id for note in notes if (id := self._insert(note)) is not None]

    def search(self, text: str, *, k: int) -> list[Row]:
        """Return the notes that share words with a text, best match first (BM25)."""
        query = match_any(text)
        if not query or k < 1:
            return []
        rows = self.database.execute(
            "SELECT notes.id, kind, notes.text, notes.about FROM words "
            "JOIN notes ON notes.id = words.rowid WHERE words MATCH ? "
            "ORDER BY bm25(words), notes.id LIMIT ?",
            (query, k),
        )
        return [_row(values) for values in rows]

    def get(self, ids: Sequence[int]) -> list[Row]:
        """Return notes by id, in the order of `ids`."""
        marks = ",".join("?" * len(ids))
        rows = self.database.execute(
            f"SELECT id, kind, text, about FROM notes WHERE id IN ({marks})", list(ids)
        )
        by_id = {row.id: row for row in map(_row, rows)}
        return [by_id[id] for id in ids if id in by_id]

    def _insert(self, note: Note) -> int | None:
        cursor = self.database.execute(
            "INSERT OR IGNORE INTO notes(kind, text, about) VALUES (?, ?, ?)",
            (note.kind, note.text, note.about),
        )
        return cursor.lastrowid if cursor.rowcount else None


def match_any(text: str) -> str:
    """Return a full-text query that matches any word of a text.

    >>> match_any('Sort "xs", then sort it.')
    '"sort" OR "xs" OR "then" OR "it"'
    """
    words = dict.fromkeys(word.lower() for word in _WORD.findall(text))
    return " OR ".join(f'"{word}"' for word in list(words)[:_QUERY_WORDS])


def _row(values: tuple[int, str, str, str]) -> Row:
    id, kind, text, about = values
    return Row(id, Note.model_validate({"kind": kind, "text": text, "about": about}))
