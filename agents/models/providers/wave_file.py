"""Requests that were handed to a provider as a batch, remembered beyond the process."""

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
    """What was asked in which batch, and answers that nobody has taken yet.

    A process that goes on asks for the same requests again, in any order; what is the same as one
    that is under way or answered is matched with it, once.

    Raises `InputError` where the file cannot be used.
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
            raise InputError(f"{str(path)!r} cannot be used: {error}.") from None

    def begin(self, name: str, digests: Iterable[tuple[str, str]]) -> None:
        """Note a batch that is about to be handed over, with the digests of its requests by id."""
        rows = [(custom_id, name, digest) for custom_id, digest in digests]
        self._database.execute("BEGIN")
        self._database.execute("INSERT INTO waves (name) VALUES (?)", (name,))
        self._database.executemany(
            "INSERT INTO requests (custom_id, wave, digest) VALUES (?, ?, ?)", rows
        )
        self._database.execute("COMMIT")
        self._claimed.update(row[0] for row in rows)

    def note_id(self, name: str, id: str) -> None:
        """Note what the provider calls a batch."""
        self._database.execute("UPDATE waves SET id = ? WHERE name = ?", (id, name))

    def open_waves(self) -> Sequence[tuple[str, str | None]]:
        """Return the batches that are not known to have ended: their names and ids."""
        rows = self._database.execute("SELECT name, id FROM waves WHERE ended = 0")
        return [(name, id) for name, id in rows.fetchall()]

    def under_way(self, name: str) -> Sequence[str]:
        """Return the requests of a batch that have no answer yet."""
        rows = self._database.execute(
            "SELECT custom_id FROM requests WHERE wave = ? AND status IS NULL", (name,)
        )
        return [id for (id,) in rows.fetchall()]

    def claim(self, digest: str) -> str | None:
        """Return a request like this one that nobody in this process waits for yet."""
        rows = self._database.execute(
            "SELECT custom_id FROM requests WHERE digest = ?", (digest,)
        ).fetchall()
        found = next((id for (id,) in rows if id not in self._claimed), None)
        if found:
            self._claimed.add(found)
        return found

    def end(self, name: str, answers: Iterable[WaveAnswer]) -> None:
        """Note what came of a batch; requests without an answer are forgotten."""
        self._database.execute("BEGIN")
        self._database.executemany(
            "UPDATE requests SET status = ?, body = ? WHERE custom_id = ?",
            [(answer.status, answer.body, answer.custom_id) for answer in answers],
        )
        self._database.execute("DELETE FROM requests WHERE wave = ? AND status IS NULL", (name,))
        self._database.execute("UPDATE waves SET ended = 1 WHERE name = ?", (name,))
        self._database.execute("COMMIT")

    def answer(self, custom_id: str) -> WaveAnswer | None:
        """Return the answer to a request; None while there is none."""
        row = self._database.execute(
            "SELECT status, body FROM requests WHERE custom_id = ? AND status IS NOT NULL",
            (custom_id,),
        ).fetchone()
        return WaveAnswer(custom_id, *row) if row else None

    def is_under_way(self, custom_id: str) -> bool:
        """Return whether an answer to a request may still come."""
        row = self._database.execute(
            "SELECT 1 FROM requests WHERE custom_id = ? AND status IS NULL", (custom_id,)
        ).fetchone()
        return row is not None

    def forget(self, custom_id: str) -> None:
        """Delete a request whose answer was taken."""
        self._database.execute("DELETE FROM requests WHERE custom_id = ?", (custom_id,))

    def close(self) -> None:
        """Close the file."""
        self._database.close()
