"""What the checkpoint file of a run holds, and when."""

import sqlite3
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, empty_checkpoint

from refinegraph.graphs.sqlite_checkpoints import LatestCheckpointSaver, latest_checkpoints

START: RunnableConfig = {"configurable": {"thread_id": "one", "checkpoint_ns": ""}}


def count(folder: Path, table: str) -> int:
    """Return the number of committed rows, as another process sees them."""
    database = sqlite3.connect(folder / "state.sqlite")
    (rows,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
    database.close()
    return int(rows)


async def put(saver: LatestCheckpointSaver, checkpoint: Checkpoint) -> RunnableConfig:
    return await saver.aput(START, checkpoint, {"source": "loop", "step": 1, "parents": {}}, {})


async def test_results_of_a_task_are_committed_before_the_next_checkpoint(tmp_path: Path) -> None:
    async with latest_checkpoints(tmp_path / "state.sqlite") as saver:
        first = await put(saver, empty_checkpoint())
        await saver.aput_writes(first, [("problem", "2 + 2?")], "task")
        assert count(tmp_path, "writes") == 1
        found = await saver.aget_tuple(START)
    assert found
    assert found.pending_writes == [("task", "problem", "2 + 2?")]


async def test_a_checkpoint_that_fails_to_be_stored_leaves_the_previous_one(tmp_path: Path) -> None:
    async with latest_checkpoints(tmp_path / "state.sqlite") as saver:
        first = await put(saver, empty_checkpoint())
        saver.conn.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON checkpoints BEGIN "
            "SELECT RAISE(ABORT, 'disk full'); END"
        )
        with pytest.raises(sqlite3.Error, match="disk full"):
            await put(saver, empty_checkpoint())
        found = await saver.aget_tuple(START)
    assert found
    assert found.config.get("configurable") == first.get("configurable")


async def test_the_history_and_the_deletion_of_a_thread(tmp_path: Path) -> None:
    async with latest_checkpoints(tmp_path / "state.sqlite") as saver:
        await put(saver, empty_checkpoint())
        await put(saver, empty_checkpoint())
        assert len([found async for found in saver.alist(START)]) == 2
        await saver.adelete_thread("one")
        assert await saver.aget_tuple(START) is None
