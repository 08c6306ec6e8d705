"""A killed and resumed system ends like an undisturbed one."""

import hashlib
from collections.abc import Sequence
from typing import Any

import pytest
from gallery_runs import QUESTION, Doors
from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from refinegraph.agents.models import Sampling, ScriptedChatModel
from refinegraph.graphs.checkpoints import checkpoint_serializer
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.schema import RefinementResult

THREAD: RunnableConfig = {"configurable": {"thread_id": "one"}}
SAMPLE = (
    "claim-uncertainty",
    "facttrack",
    "guided-evolution",
    "iterative-deepening",
    "mc-nest",
    "openagi-planner",
    "pasr",
    "progco",
    "selfgoal",
    "stage-beam",
)


class Killed(Exception):
    """The exception with which a test kills a run."""


class Mortal:
    """A model whose answers depend only on the prompt, and which fails once."""

    def __init__(self, *, dies_at: int | None) -> None:
        self.dies_at = dies_at
        self.asked = 0

    def __call__(self, messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        self.asked += 1
        if self.asked == self.dies_at:
            raise Killed
        asked = "\n".join(message.text for message in messages) + (sampling.prefix or "")
        number = int(hashlib.sha256(asked.encode()).hexdigest(), 16) % 9
        answer = f"The answer is {number}." if number > 2 else "It goes on."
        ending = f"SCORE: {number}\nVERDICT: wrong\nAction: {'right' if number > 6 else 'left'}"
        return f"1. Part {number}\n\n{answer}\n{ending}"


async def run(name: str, script: Mortal, saver: Any, opening: Any) -> RefinementResult:
    plan = Plan(
        model=ScriptedChatModel(script),
        kind="math",
        environment=Doors,
        samples=6,
        checkpointer=saver,
    )
    values = await build_strategy(name, plan).ainvoke(opening, THREAD)
    result: RefinementResult = values["result"]
    return result


@pytest.mark.parametrize("name", SAMPLE)
async def test_a_system_that_was_killed_ends_like_the_undisturbed_one(name: str) -> None:
    opening = {"problem": QUESTION}
    immortal = Mortal(dies_at=None)
    whole = await run(name, immortal, InMemorySaver(), opening)
    saver = InMemorySaver(serde=checkpoint_serializer())
    dying = Mortal(dies_at=immortal.asked // 2 + 1)
    with pytest.raises(Killed):
        await run(name, dying, saver, opening)
    resumed = await run(name, dying, saver, None)
    assert resumed.candidates == whole.candidates
    assert resumed.selection == whole.selection
    assert resumed.reviews == whole.reviews
