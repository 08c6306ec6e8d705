"""The SQLite file of a `CallCache`."""

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from refinegraph.errors import InputError

_VERSION = 1
"""Version of the file, stored in its `user_version`."""
_SCHEMA = """\
CREATE TABLE IF NOT EXISTS answers (
    request TEXT NOT NULL, sample INTEGER NOT NULL, model TEXT NOT NULL,
    made REAL NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (request, sample)
) WITHOUT ROWID
"""
_LAST = "\U0010ffff"
"""Sorts after every character that a request's name can contain."""
_PATIENCE = 2.0
"""Seconds to wait for a lock. Other processes hold it for milliseconds, and this process's event
loop is blocked meanwhile."""


class CacheState(NamedTuple):
    """A summary of a cache's contents."""

    answers: int
    models: int
    bytes: int
    oldest: float | None
    """Unix time in seconds."""


class CacheFile:
    """Answers as rows of text. Methods raise `sqlite3.Error` or `OSError` if the file fails."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _make_private(path)
        self._database = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False)
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def read(self, request: str, sample: int) -> object:
        """Return the stored answer of a sample, or None."""
        row = self._database.execute(
            "SELECT answer FROM answers WHERE request = ? AND sample = ?", (request, sample)
        ).fetchone()
        return row[0] if row else None

    def write(self, request: str, sample: int, model: str, answer: str) -> None:
        """Store a sample unless it is already present."""
        with self._database:
            self._database.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?)",
                (request, sample, model, time.time(), answer),
            )

    def delete(self, prefix: str) -> None:
        """Delete the answers to requests whose names start with `prefix`."""
        with self._database:
            self._database.execute(
                "DELETE FROM answers WHERE request >= ? AND request < ?", (prefix, prefix + _LAST)
            )

    def answers(self) -> Iterator[str]:
        """Yield the text of every answer."""
        rows = self._database.execute("SELECT answer FROM answers")
        yield from (text for (text,) in rows)

    def state(self) -> CacheState:
        """Return a summary of the contents."""
        answers, models, oldest = self._database.execute(
            "SELECT count(*), count(DISTINCT model), min(made) FROM answers"
        ).fetchone()
        return CacheState(answers, models, self.path.stat().st_size, oldest)

    def clear(self) -> int:
        """Delete all answers; return their number."""
        with self._database:
            count = self._database.execute("DELETE FROM answers").rowcount
        self._database.execute("VACUUM")
        return int(count)

    def shrink(self, *, max_bytes: int, max_age_days: float) -> None:
        """Delete answers that are too old, and the older half if the file is too large."""
        with self._database:
            oldest = time.time() - max_age_days * 86_400
            self._database.execute("DELETE FROM answers WHERE made < ?", (oldest,))
        if self.path.stat().st_size <= max_bytes:
            return
        with self._database:
            self._database.execute(
                "DELETE FROM answers WHERE made <= (SELECT made FROM answers ORDER BY made "
                "LIMIT 1 OFFSET (SELECT count(*) / 2 FROM answers))"
            )
        self._database.execute("VACUUM")

    def _prepare(self) -> None:
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise InputError(
                f"{str(self.path)!r} is a cache of version {version}; expected version {_VERSION}. "
                "Choose another file."
            )
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.execute(_SCHEMA)
        self._database.execute(f"PRAGMA user_version={_VERSION}")


def _make_private(path: Path) -> None:
    """Create the file and its missing folders, accessible only to the current user."""
    missing = [folder for folder in path.parents if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    # SQLite gives the additional files that it creates the same permissions.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
