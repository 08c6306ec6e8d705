"""Checkpoints of one run in an SQLite file that stays as small as the run's state."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from refinegraph.graphs.checkpoints import checkpoint_serializer


class LatestCheckpointSaver(AsyncSqliteSaver):
    """An SQLite checkpointer that keeps the last checkpoint of a thread and forgets those before.

    LangGraph stores the whole state at every super-step, so that a long run's file grows with the
    square of its length; a run goes on from its last checkpoint alone.
    """

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint, then forget those before it."""
        stored = await super().aput(config, checkpoint, metadata, new_versions)
        place = stored.get("configurable", {})
        known = (place["thread_id"], place["checkpoint_ns"], place["checkpoint_id"])
        async with self.lock:
            for table in ("checkpoints", "writes"):
                await self.conn.execute(
                    f"DELETE FROM {table} "
                    "WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < ?",
                    known,
                )
            await self.conn.commit()
        return stored


@asynccontextmanager
async def latest_checkpoints(path: Path) -> AsyncGenerator[LatestCheckpointSaver]:
    """Open a file of checkpoints, made where there is none.

    Only this library's types are read from it, never pickled objects. What was committed before
    the process is killed is there afterwards.

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
