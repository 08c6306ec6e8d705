"""Checkpoints of one run in an SQLite file that stays as small as the run's state."""

import sqlite3
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)
from langgraph.checkpoint.sqlite import SqliteSaver

from refinegraph.graphs.checkpoints import checkpoint_serializer
from refinegraph.graphs.state import GROWING


class LatestCheckpointSaver(SqliteSaver):
    """An SQLite checkpointer from which a thread can be resumed, but not rewound.

    Of earlier checkpoints it keeps only what the last one needs: the additions of each super-step
    to the growing fields. The size of the file is therefore linear in the length of the run, not
    quadratic.

    The asynchronous methods write without leaving the event loop: a transaction takes 0.1 ms, which
    is less than handing it to a thread and back.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lock = threading.RLock()  # type: ignore[assignment]  # transactions nest
        self._in_transaction = False
        self._last: dict[tuple[str, str], Checkpoint] = {}

    @contextmanager
    def cursor(self, transaction: bool = True) -> Generator[sqlite3.Cursor]:
        """Join the transaction of the caller, or begin one."""
        with self.lock, closing(self.conn.cursor()) as cursor:
            self.setup()
            if self._in_transaction:
                yield cursor
            else:
                with self._transaction(commits=transaction):
                    yield cursor

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint and reduce the previous one."""
        with self._transaction():
            stored = super().put(config, checkpoint, metadata, new_versions)
            location = stored.get("configurable", {})
            thread = (location["thread_id"], location["checkpoint_ns"])
            if previous := self._last.get(thread):
                self._reduce(thread, previous)
        self._last[thread] = checkpoint
        return stored

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Do as `get_tuple`."""
        return self.get_tuple(config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Do as `list`."""
        for found in self.list(config, filter=filter, before=before, limit=limit):
            yield found

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Do as `put`."""
        return self.put(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Do as `put_writes`."""
        self.put_writes(config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """Do as `delete_thread`."""
        self.delete_thread(thread_id)

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """Do as `get_delta_channel_history`."""
        return self.get_delta_channel_history(config=config, channels=channels)

    @contextmanager
    def _transaction(self, *, commits: bool = True) -> Generator[None]:
        """Make all statements one transaction, which a failure rolls back."""
        with self.lock:
            self._in_transaction = True
            try:
                yield
                if commits:
                    self.conn.commit()
            except BaseException:
                self.conn.rollback()
                raise
            finally:
                self._in_transaction = False

    def _reduce(self, thread: tuple[str, str], checkpoint: Checkpoint) -> None:
        values = checkpoint["channel_values"]
        kept = {name: value for name, value in values.items() if name in GROWING}
        reduced: Checkpoint = {
            **checkpoint,
            "channel_values": kept,
            "channel_versions": {},
            "versions_seen": {},
        }
        kind, data = self.serde.dumps_typed(reduced)
        names = ", ".join("?" for _ in GROWING)
        with self.cursor() as cursor:
            cursor.execute(
                "UPDATE checkpoints SET type = ?, checkpoint = ? "
                "WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?",
                (kind, data, *thread, checkpoint["id"]),
            )
            cursor.execute(
                "DELETE FROM writes WHERE thread_id = ? AND checkpoint_ns = ? "
                f"AND checkpoint_id = ? AND channel NOT IN ({names})",
                (*thread, checkpoint["id"], *GROWING),
            )


@asynccontextmanager
async def latest_checkpoints(path: Path) -> AsyncGenerator[LatestCheckpointSaver]:
    """Open a checkpoint file, creating it if necessary.

    Only this library's types are read from it, never pickled objects. Committed data survives if
    the process is killed.

    >>> import asyncio, tempfile
    >>> async def use(path: Path) -> None:
    ...     async with latest_checkpoints(path) as saver:
    ...         saver.setup()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     asyncio.run(use(Path(folder) / "state.sqlite"))
    """
    with closing(sqlite3.connect(path, check_same_thread=False)) as connection:
        connection.execute("PRAGMA busy_timeout=10000")
        connection.execute("PRAGMA synchronous=NORMAL")
        yield LatestCheckpointSaver(connection, serde=checkpoint_serializer())
