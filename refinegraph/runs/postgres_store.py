"""Runs in PostgreSQL, shared by a team: finished ones, and those under way with their checkpoints.

A run that is under way is held by an advisory lock of its own connection. The server releases it
when the process ends, but notices that only a moment later.
"""

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from refinegraph.errors import InputError
from refinegraph.runs.postgres import SCHEMA_LOCK, connect, connected, driver, unusable
from refinegraph.runs.postgres_answers import postgres_cache
from refinegraph.runs.store import MAX_RUNS, RunStore, StoredRun
from refinegraph.runs.unfinished import (
    RunParts,
    RunRecord,
    RunSettings,
    UnfinishedRun,
    new_run_id,
)
from refinegraph.schema import SCHEMA_VERSION, Problem, RefinementResult
from refinegraph.support.json_text import json_text

if TYPE_CHECKING:
    from psycopg import Connection

_MAX_RUNS = 20 * MAX_RUNS
"""A database holds the runs of a team."""
_CHECKPOINT_TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")
"""Those of LangGraph's checkpointer."""
_PATIENCE = "2s"
"""Time to wait for the lock of a run whose process may just have ended. The server notices that
within milliseconds, or within a second on a busy machine."""


class PostgresRunStore(RunStore):
    """The runs of everybody who uses one database.

    Methods raise the same errors as those of `RunStore`, and `InputError` if the database fails.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def begin(self, problem: Problem, settings: RunSettings) -> UnfinishedRun:
        """Begin a run that can be resumed."""
        record = RunRecord(
            id=new_run_id(), begun=time.time(), problem=problem, settings=settings.without_secrets
        )
        run = PostgresRun(self.address, record)
        run.hold()
        run.write(record)
        return run

    def add(
        self, problem: Problem, result: RefinementResult, *, id: str | None = None
    ) -> StoredRun:
        """Keep a run that ended, under a new id unless it has one."""
        run = StoredRun(id=id or new_run_id(), finished=time.time(), problem=problem, result=result)
        with connected(self.address) as connection:
            connection.execute(
                "INSERT INTO refinegraph_runs (id, kept) VALUES (%s, %s) "
                "ON CONFLICT (id) DO UPDATE SET kept = EXCLUDED.kept",
                (run.id, json_text(run)),
            )
            connection.execute(
                "DELETE FROM refinegraph_runs WHERE record IS NULL AND id NOT IN "
                "(SELECT id FROM refinegraph_runs ORDER BY id DESC LIMIT %s)",
                (_MAX_RUNS,),
            )
        return run

    def ids(self) -> list[str]:
        """Return the ids of finished runs, newest first."""
        return self._ids("kept")

    def _begun(self) -> list[str]:
        return self._ids("record")

    def _unfinished(self, id: str) -> UnfinishedRun:
        try:
            record = RunRecord.model_validate_json(self._text("record", id))
        except ValidationError:
            record = None
        if record is None or record.schema_version != SCHEMA_VERSION:
            raise InputError(
                f"run {id} cannot be gone on with by this version; it is left as it is."
            )
        return PostgresRun(self.address, record)

    def _kept(self, id: str) -> StoredRun:
        try:
            return StoredRun.model_validate_json(self._text("kept", id))
        except ValidationError:
            raise InputError(
                f"run {id} cannot be read as one of version {SCHEMA_VERSION}; it is left as it is."
            ) from None

    def _delete(self, id: str) -> None:
        with connected(self.address) as connection:
            connection.execute("DELETE FROM refinegraph_runs WHERE id = %s", (id,))

    def _ids(self, column: str) -> list[str]:
        query = f"SELECT id FROM refinegraph_runs WHERE {column} IS NOT NULL"
        with connected(self.address) as connection:
            rows = connection.execute(cast("Any", query)).fetchall()
        return sorted((id for (id,) in rows), reverse=True)

    def _text(self, column: str, id: str) -> str:
        query = f"SELECT {column} FROM refinegraph_runs WHERE id = %s"
        with connected(self.address) as connection:
            row = connection.execute(cast("Any", query), (id,)).fetchone()
        return str(row[0]) if row else ""


class PostgresRun(UnfinishedRun):
    """A run under way in a database; the process that holds it is the only one to write."""

    def __init__(self, address: str, record: RunRecord) -> None:
        self.address = address
        self.record = record
        self._holding: Connection[Any] | None = None
        self._realm = f"run {record.id}: "
        self._lock_name = f"refinegraph run {record.id}"

    @property
    def is_running(self) -> bool:
        """Whether a process is at work on it."""
        # Outside a transaction, this lock is released as soon as the statement ends.
        query = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
        with connected(self.address) as connection:
            row = connection.execute(query, (self._lock_name,)).fetchone()
        return not (row and row[0])

    @property
    def has_answers(self) -> bool:
        """Whether a model answered anything yet."""
        query = "SELECT 1 FROM refinegraph_answers WHERE starts_with(request, %s) LIMIT 1"
        with connected(self.address) as connection:
            return connection.execute(query, (self._realm,)).fetchone() is not None

    def hold(self) -> None:
        """Lock the run against other processes; raises `InputError` if one is working on it."""
        connection = connect(self.address)
        try:
            connection.execute("SELECT set_config('lock_timeout', %s, false)", (_PATIENCE,))
            connection.execute(
                "SELECT pg_advisory_lock(hashtextextended(%s, 0))", (self._lock_name,)
            )
        except driver().errors.LockNotAvailable:
            connection.close()
            raise InputError(
                f"another process is working on run {self.record.id}; wait until it ends."
            ) from None
        self._holding = connection

    def release(self) -> None:
        """Release the run for other processes, before this method returns."""
        if self._holding:
            with suppress(driver().Error):  # a server that is gone holds nothing
                self._holding.execute("SELECT pg_advisory_unlock_all()")
            self._holding.close()
        self._holding = None

    def write(self, record: RunRecord) -> None:
        """Write how the run was asked for."""
        with connected(self.address) as connection:
            connection.execute(
                "INSERT INTO refinegraph_runs (id, record) VALUES (%s, %s) "
                "ON CONFLICT (id) DO UPDATE SET record = EXCLUDED.record",
                (record.id, json_text(record)),
            )
        self.record = record

    def forget(self) -> None:
        """Remove the state of an unfinished run; a stored result remains."""
        id = self.record.id
        with connected(self.address) as connection:
            for table in _existing(connection, _CHECKPOINT_TABLES):
                query = f"DELETE FROM {table} WHERE thread_id = %s"
                connection.execute(cast("Any", query), (id,))
            connection.execute(
                "DELETE FROM refinegraph_answers WHERE starts_with(request, %s)", (self._realm,)
            )
            connection.execute("UPDATE refinegraph_runs SET record = NULL WHERE id = %s", (id,))
            connection.execute("DELETE FROM refinegraph_runs WHERE id = %s AND kept IS NULL", (id,))
        self.release()

    @asynccontextmanager
    async def parts(self) -> AsyncGenerator[RunParts]:
        """Open the storage of the run's state; raises `InputError` if the database fails."""
        from refinegraph.graphs.checkpoints import checkpoint_serializer

        savers = driver("langgraph.checkpoint.postgres.aio")
        opened = savers.AsyncPostgresSaver.from_conn_string(
            self.address, serde=checkpoint_serializer()
        )
        try:
            async with opened as checkpointer:
                with connected(self.address) as connection:
                    connection.execute("SELECT pg_advisory_lock(%s)", (SCHEMA_LOCK,))
                    await checkpointer.setup()
                with closing(postgres_cache(self.address)) as cache:
                    yield RunParts(checkpointer, cache.with_namespace(self._realm))
        except driver().Error as error:
            raise unusable(self.address, error) from None


def _existing(connection: "Connection[Any]", tables: tuple[str, ...]) -> Iterator[str]:
    """Yield the existing tables among those named."""
    for table in tables:
        row = connection.execute("SELECT to_regclass(%s)", (table,)).fetchone()
        if row and row[0]:
            yield table
