"""Checkpoints of one run in an SQLite file that stays as small as the run's state."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from refinegraph.graphs.checkpoints import checkpoint_serializer
from refinegraph.graphs.state import GROWING


class LatestCheckpointSaver(AsyncSqliteSaver):
    """An SQLite checkpointer from which a thread can be resumed, but not rewound.

    Of earlier checkpoints it keeps only what the last one needs: the additions of each super-step
    to the growing fields. The size of the file is therefore linear in the length of the run, not
    quadratic.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._last: dict[tuple[str, str], Checkpoint] = {}

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint, then reduce the previous one."""
        stored = await super().aput(config, checkpoint, metadata, new_versions)
        location = stored.get("configurable", {})
        thread = (location["thread_id"], location["checkpoint_ns"])
        previous = self._last.get(thread)
        self._last[thread] = checkpoint
        if previous is not None:
            await self._reduce(thread, previous)
        return stored

    async def _reduce(self, thread: tuple[str, str], checkpoint: Checkpoint) -> None:
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
        async with self.lock:
            await self.conn.execute(
                "UPDATE checkpoints SET type = ?, checkpoint = ? "
                "WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?",
                (kind, data, *thread, checkpoint["id"]),
            )
            await self.conn.execute(
                "DELETE FROM writes WHERE thread_id = ? AND checkpoint_ns = ? "
                f"AND checkpoint_id = ? AND channel NOT IN ({names})",
                (*thread, checkpoint["id"], *GROWING),
            )
            await self.conn.commit()


@asynccontextmanager
async def latest_checkpoints(path: Path) -> AsyncGenerator[LatestCheckpointSaver]:
    """Open a checkpoint file, creating it if necessary.

    Only this library's types are read from it, never pickled objects. Committed data survives if
    the process is killed.

    >>> import asyncio, tempfile
    >>> async def use(path: Path) -> None:
    ...     async with latest_checkpoints(path) as saver:
    ...         await saver.setup()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     asyncio.run(use(Path(folder) / "state.sqlite"))
    """
    async with aiosqlite.connect(path) as connection:
        await connection.execute_fetchall("PRAGMA busy_timeout=10000")
        await connection.execute_fetchall("PRAGMA synchronous=NORMAL")
        yield LatestCheckpointSaver(connection, serde=checkpoint_serializer())
