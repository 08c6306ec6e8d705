"""A persistent record of the requests submitted to a provider in batches."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from refinegraph.agents.models.providers.openai_batches import WaveAnswer
from refinegraph.errors import InputError
from refinegraph.support.private_files import make_private_folder, touch_private

_SCHEMA = """\
CREATE TABLE IF NOT EXISTS waves (name TEXT PRIMARY KEY, id TEXT, ended INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS requests (
    custom_id TEXT PRIMARY KEY, wave TEXT NOT NULL, digest TEXT NOT NULL, status INTEGER, body BLOB
);
CREATE INDEX IF NOT EXISTS by_digest ON requests (digest);
"""


class WaveFile:
    """The requests of each batch, and the answers that have not been collected yet.

    A resumed process repeats its requests, in any order. Each one is matched with one equal request
    that is in progress or answered.

    Raises `InputError` if the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._claimed: set[str] = set()
        try:
            make_private_folder(path.parent)
            touch_private(path)
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._database.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise InputError(f"cannot use {str(path)!r}: {error}.") from None

    def begin(self, name: str, digests: Iterable[tuple[str, str]]) -> None:
        """Record a batch that is about to be submitted, with its requests' digests by id."""
        rows = [(custom_id, name, digest) for custom_id, digest in digests]
        self._database.execute("BEGIN")
        self._database.execute("INSERT INTO waves (name) VALUES (?)", (name,))
        self._database.executemany(
            "INSERT INTO requests (custom_id, wave, digest) VALUES (?, ?, ?)", rows
        )
        self._database.execute("COMMIT")
        self._claimed.update(row[0] for row in rows)

    def note_id(self, name: str, id: str) -> None:
        """Record the provider's id of a batch."""
        self._database.execute("UPDATE waves SET id = ? WHERE name = ?", (id, name))

    def open_waves(self) -> Sequence[tuple[str, str | None]]:
        """Return the names and ids of the batches that have not ended, as far as is known."""
        rows = self._database.execute("SELECT name, id FROM waves WHERE ended = 0")
        return [(name, id) for name, id in rows.fetchall()]

    def under_way(self, name: str) -> Sequence[str]:
        """Return the requests of a batch that have no answer yet."""
        rows = self._database.execute(
            "SELECT custom_id FROM requests WHERE wave = ? AND status IS NULL", (name,)
        )
        return [id for (id,) in rows.fetchall()]

    def claim(self, digest: str) -> str | None:
        """Return an equal request that no task of this process is waiting for."""
        rows = self._database.execute(
            "SELECT custom_id FROM requests WHERE digest = ?", (digest,)
        ).fetchall()
        custom_id = next((id for (id,) in rows if id not in self._claimed), None)
        if custom_id:
            self._claimed.add(custom_id)
        return custom_id

    def end(self, name: str, answers: Iterable[WaveAnswer]) -> None:
        """Record the result of a batch and delete the requests without an answer."""
        self._database.execute("BEGIN")
        self._database.executemany(
            "UPDATE requests SET status = ?, body = ? WHERE custom_id = ?",
            [(answer.status, answer.body, answer.custom_id) for answer in answers],
        )
        self._database.execute("DELETE FROM requests WHERE wave = ? AND status IS NULL", (name,))
        self._database.execute("UPDATE waves SET ended = 1 WHERE name = ?", (name,))
        self._database.execute("COMMIT")

    def answer(self, custom_id: str) -> WaveAnswer | None:
        """Return the answer to a request, or None if there is none yet."""
        row = self._database.execute(
            "SELECT status, body FROM requests WHERE custom_id = ? AND status IS NOT NULL",
            (custom_id,),
        ).fetchone()
        return WaveAnswer(custom_id, *row) if row else None

    def is_under_way(self, custom_id: str) -> bool:
        """Return whether a request may still be answered."""
        row = self._database.execute(
            "SELECT 1 FROM requests WHERE custom_id = ? AND status IS NULL", (custom_id,)
        ).fetchone()
        return row is not None

    def forget(self, custom_id: str) -> None:
        """Delete a request whose answer has been collected."""
        self._database.execute("DELETE FROM requests WHERE custom_id = ?", (custom_id,))

    def close(self) -> None:
        """Close the file."""
        self._database.close()
