"""Moves of several candidates, and the ids of their candidates."""

import pytest
from searches import run

from refinegraph.agents import Refiner
from refinegraph.agents.models import RetryPolicy, ScriptedChatModel
from refinegraph.agents.operators import OperatorLike
from refinegraph.errors import ModelRequestRefused
from refinegraph.graphs.policies import from_each, move, schedule

COURSE = schedule(move("solve"), from_each("refine", count=3))


async def repaired(model: ScriptedChatModel) -> list[str]:
    operators: dict[str, OperatorLike] = {
        "solve": lambda task: "The answer is 1.",
        "refine": Refiner(model),
    }
    state = await run(COURSE, operators=operators)
    assert state.usage.llm_calls == len(state.candidates) - 1
    return [each.answer or "" for each in state.candidates if each.parents == ("0.0",)]


async def test_a_refiner_makes_as_many_repairs_as_its_move_asks_for() -> None:
    model = ScriptedChatModel([f"The answer is {n}." for n in (2, 3, 4)])
    assert await repaired(model) == ["2", "3", "4"]
    assert [call.sampling.temperature for call in model.calls] == [0.4, 0.6, 0.8]


async def test_a_repair_that_fails_does_not_take_the_others_with_it() -> None:
    refused = ModelRequestRefused("no")
    replies: list[str | Exception] = ["The answer is 2.", refused, "The answer is 4."]
    model = ScriptedChatModel(replies, retry=RetryPolicy(attempts=1))
    assert await repaired(model) == ["2", "4"]


async def test_a_candidate_names_the_move_that_made_it() -> None:
    state = await run(schedule([move("solve", count=2), move("solve"), move("solve", count=2)]))
    assert [each.move for each in state.candidates] == [0, 0, 1, 2, 2]


@pytest.mark.parametrize("count", [1, 2])
async def test_where_every_repair_fails_the_run_says_so(count: int) -> None:
    model = ScriptedChatModel([ModelRequestRefused("no")] * count, retry=RetryPolicy(attempts=1))
    course = schedule(move("solve"), from_each("refine", count=count))
    operators: dict[str, OperatorLike] = {
        "solve": lambda task: "The answer is 1.",
        "refine": Refiner(model),
    }
    state = await run(course, operators=operators)
    assert [failure.node for failure in state.failures] == ["refine"]
    assert state.stop_reason
    assert state.stop_reason.rule == "failed"
