"""Moves that fail before there is a candidate: the error, and how a thread continues."""

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from refinegraph.agents import Task
from refinegraph.agents.models import Generations
from refinegraph.agents.models.types import Choice
from refinegraph.agents.protocols import WrittenTests
from refinegraph.errors import ModelError
from refinegraph.graphs import refinement_graph, search_graph
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.routing import AlwaysEasy
from refinegraph.schema import Problem, Usage

CODE = Problem(prompt="Write f(x) that doubles x.")
THREAD: Any = {"configurable": {"thread_id": "1"}}


class FailsOnce:
    """A Solver whose first call fails."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, problem: Problem, **_: object) -> Generations:
        self.calls += 1
        if self.calls == 1:
            raise ModelError("The model is starting.")
        return Generations(choices=(Choice(text="def f(x): return 2 * x"),), usage=Usage())


async def no_tests(problem: Problem) -> WrittenTests:
    return WrittenTests(())


async def test_a_thread_continues_after_its_only_sample_failed_next_to_a_test_writer() -> None:
    solver = FailsOnce()
    graph = refinement_graph(
        solver=solver, test_writer=no_tests, router=AlwaysEasy(), checkpointer=InMemorySaver()
    )
    with pytest.raises(ModelError, match="starting"):
        await graph.ainvoke({"problem": CODE}, THREAD)
    final = await graph.ainvoke(None, THREAD)
    assert final["result"].answer == "def f(x): return 2 * x"
    assert solver.calls == 2


async def test_a_test_writer_that_fails_is_no_reason_to_raise() -> None:
    async def failing(problem: Problem) -> WrittenTests:
        raise ModelError("The test writer is down.")

    async def nothing(problem: Problem, **_: object) -> Generations:
        return Generations(choices=(), usage=Usage())

    graph = refinement_graph(solver=nothing, test_writer=failing)
    result = (await graph.ainvoke({"problem": CODE}))["result"]
    assert result.answer is None
    assert [failure.node for failure in result.failures] == ["write_tests"]


async def test_the_first_error_is_raised_where_every_move_failed() -> None:
    async def fail(task: Task) -> None:
        raise ModelError(f"{task.instruction} failed.")

    moves = [move("solve", instruction="first"), move("solve", instruction="second")]
    graph = search_graph(operators={"solve": fail}, policy=schedule(moves))
    with pytest.raises(ModelError, match="first failed"):
        await graph.ainvoke({"problem": CODE})
