"""The SQLite file through which processes of one machine share budgets and rates."""

import os
import sqlite3
import time
import weakref
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from refinegraph.errors import InputError
from refinegraph.schema import Usage
from refinegraph.support.locking import is_locked, lock
from refinegraph.support.private_files import make_private_folder, touch_private

_VERSION = 1
"""Version of the file, stored in its `user_version`."""
_SCHEMA = """\
CREATE TABLE IF NOT EXISTS book (
    id INTEGER PRIMARY KEY CHECK (id = 0), spent TEXT NOT NULL, last INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS reservations (
    number INTEGER PRIMARY KEY, worker INTEGER NOT NULL, tokens INTEGER NOT NULL, usd REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS workers (id INTEGER PRIMARY KEY AUTOINCREMENT, pid INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS buckets (
    name TEXT PRIMARY KEY, level REAL NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
"""
_PATIENCE = 30.0
"""Seconds to wait for other processes, which hold the file for a fraction of a millisecond; a
longer wait means that a process was suspended while writing."""


class Reservation(NamedTuple):
    """The maximum cost of a call in progress, and the worker that makes it."""

    worker: int
    tokens: int
    usd: float


class Book(NamedTuple):
    """The state of the account."""

    spent: Usage
    reserved: dict[int, Reservation]
    last: int
    """The highest reservation number so far."""


class LedgerFile:
    """Accounts and rates in a file shared by processes; each process that opens it is a worker.

    A worker holds a lock as long as its process lives, however it ends, so that others can detect
    dead workers. The folder must be on a local disk, because SQLite's locks and these do not work
    over a network.

    Raises `InputError` if the file is not a ledger of this version or cannot be written.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        try:
            make_private_folder(path.parent)
            touch_private(path)
            self._database = sqlite3.connect(
                path, timeout=_PATIENCE, check_same_thread=False, isolation_level=None
            )
            self._prepare()
            self.worker = self._register()
            self._lock = self._hold_lock()
        except (sqlite3.Error, OSError) as error:
            raise InputError(f"cannot use the ledger {str(path)!r}: {error}.") from None
        weakref.finalize(self, _leave, self._lock, self._lock_of(self.worker))

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Lock out other processes; roll back if the block raises an exception."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def read(self) -> Book:
        """Return the account."""
        row = self._database.execute("SELECT spent, last FROM book").fetchone()
        spent, last = row or (None, 0)
        rows = self._database.execute("SELECT number, worker, tokens, usd FROM reservations")
        return Book(
            Usage.model_validate_json(spent) if spent else Usage(),
            {number: Reservation(*rest) for number, *rest in rows},
            last,
        )

    def write(self, before: Book, after: Book) -> None:
        """Write the differences between two states; must be called inside a transaction."""
        if (before.spent, before.last) != (after.spent, after.last):
            self._database.execute(
                "INSERT OR REPLACE INTO book VALUES (0, ?, ?)",
                (after.spent.model_dump_json(), after.last),
            )
        removed = [(number,) for number in before.reserved.keys() - after.reserved.keys()]
        self._database.executemany("DELETE FROM reservations WHERE number = ?", removed)
        added = after.reserved.keys() - before.reserved.keys()
        self._database.executemany(
            "INSERT INTO reservations VALUES (?, ?, ?, ?)",
            [(number, *after.reserved[number]) for number in added],
        )

    def dead_workers(self) -> Sequence[int]:
        """Return the workers whose processes ended without unregistering."""
        rows = self._database.execute("SELECT id FROM workers WHERE id <> ?", (self.worker,))
        return [id for (id,) in rows.fetchall() if not is_locked(self._lock_of(id))]

    def forget_worker(self, id: int) -> None:
        """Unregister a worker; must be called inside a transaction."""
        self._database.execute("DELETE FROM workers WHERE id = ?", (id,))
        self._lock_of(id).unlink(missing_ok=True)

    def take(self, bucket: str, amount: float, *, capacity: float, per_second: float) -> float:
        """Take an amount from a bucket; return the seconds to wait before it may be used."""
        now = self._clock()
        with self.transaction():
            row = self._database.execute(
                "SELECT level, at FROM buckets WHERE name = ?", (bucket,)
            ).fetchone()
            level, at = row or (capacity, now)
            # A clock that is set back must not empty the bucket.
            level = min(capacity, level + max(0.0, now - at) * per_second) - amount
            self._database.execute(
                "INSERT OR REPLACE INTO buckets VALUES (?, ?, ?)", (bucket, level, now)
            )
        return max(0.0, -level / per_second)

    def put_back(self, bucket: str, amount: float) -> None:
        """Return an excess amount to a bucket; take more if the amount is negative."""
        with self.transaction():
            self._database.execute(
                "UPDATE buckets SET level = level + ? WHERE name = ?", (amount, bucket)
            )

    def _prepare(self) -> None:
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise InputError(
                f"{str(self.path)!r} is not a ledger of this version; choose another file."
            )
        self._database.execute("PRAGMA journal_mode=WAL")
        # A power failure may lose the last transactions; a killed process loses nothing.
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_SCHEMA)
        self._database.execute(f"PRAGMA user_version={_VERSION}")

    def _register(self) -> int:
        cursor = self._database.execute("INSERT INTO workers (pid) VALUES (?)", (os.getpid(),))
        return int(cursor.lastrowid or 0)

    def _hold_lock(self) -> IO[str]:
        make_private_folder(self._lock_of(self.worker).parent)
        return lock(self._lock_of(self.worker))

    def _lock_of(self, worker: int) -> Path:
        return self.path.with_name(f"{self.path.name}.workers") / str(worker)


def _leave(lock_file: IO[str], path: Path) -> None:
    path.unlink(missing_ok=True)
    lock_file.close()
