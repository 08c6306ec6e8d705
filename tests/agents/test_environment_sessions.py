"""An action is performed once, in a long episode and in a run that is resumed."""

import asyncio
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, tool
from langgraph.checkpoint.memory import InMemorySaver

import refinegraph as rg
from refinegraph.agents.environments import Environment, Observation, ToolUse, act
from refinegraph.agents.models import ScriptedChatModel, run_scope
from refinegraph.agents.operators import Task
from refinegraph.graphs.checkpoints import checkpoint_serializer
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.schema import Candidate, Move, Problem

QUESTION = Problem(prompt="Ring the bell twice, then say how often it rang.", kind="math")
RING = "I ring.\nAction: ring"
THREAD: RunnableConfig = {"configurable": {"thread_id": "bell"}}


class Belfry:
    """An environment with a state of its own, which notes what is done in any of its episodes."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.rings = 0

    async def reset(self, problem: Problem) -> Observation:
        return Observation("A bell rope.")

    async def step(self, action: str) -> Observation:
        self.log.append(action)
        if action.startswith("say"):
            return Observation("said", done=True, answer=str(self.rings))
        self.rings += 1
        return Observation(f"It rang {self.rings} times.")


def bell(log: list[str]) -> BaseTool:
    @tool
    def ring(times: int) -> str:
        """Ring the bell."""
        log.append(f"ring {times}")
        return f"It rang {len(log)} times."

    return ring


class Killed(Exception):
    """What a test kills a run with."""


async def test_a_stateful_environment_stays_open_while_its_episode_goes_on() -> None:
    log: list[str] = []
    model = ScriptedChatModel([RING, RING, "Done.\nAction: say it"])
    result = await rg.asolve(
        QUESTION, model=model, strategy="react", environment=lambda: Belfry(log)
    )
    assert result.answer == "2"
    assert log == ["ring", "ring", "say it"]


async def test_an_answer_without_an_action_keeps_the_environment() -> None:
    log: list[str] = []
    model = ScriptedChatModel([RING, "I wonder.", RING, "Action: say it"])
    result = await rg.asolve(
        QUESTION, model=model, strategy="react", environment=lambda: Belfry(log)
    )
    assert (result.answer, log) == ("2", ["ring", "ring", "say it"])


async def test_a_resumed_run_does_not_call_the_tools_again() -> None:
    log: list[str] = []
    alive = False

    def script(messages: Any, sampling: Any) -> str:
        if len(log) == 2 and not alive:
            raise Killed
        done = "Action: finish[2]" if len(log) == 2 else f"Action: ring[{len(log) + 1}]"
        return f"On.\n{done}"

    saver = InMemorySaver(serde=checkpoint_serializer())
    plan = Plan(
        model=ScriptedChatModel(script),
        kind="math",
        environment=lambda: ToolUse([bell(log)]),
        checkpointer=saver,
    )
    with pytest.raises(Killed), run_scope():
        await build_strategy("react", plan).ainvoke({"problem": QUESTION}, THREAD)
    alive = True
    with run_scope():
        values = await build_strategy("react", plan).ainvoke(None, THREAD)
    assert values["result"].answer == "2"
    assert log == ["ring 1", "ring 2"]


@pytest.mark.parametrize(("stateless", "performed"), [(False, 3), (True, 2)])
def test_only_a_second_branch_of_a_stateful_environment_replays(
    stateless: bool, performed: int
) -> None:
    log: list[str] = []

    def make() -> Environment:
        return ToolUse([bell(log)]) if stateless else Belfry(log)

    first = "Action: ring[1]" if stateless else "Action: ring"
    begun = Candidate(id="0.0", text=f"{first}\nObservation: It rang 1 times.", complete=False)
    step = act(ScriptedChatModel(first, cycle=True), make)
    move = Move(operator="act", parents=("0.0",), count=2)
    task = Task(problem=QUESTION, move=move, parents=(begun,), pool=(begun,))

    async def branch() -> None:
        with run_scope():
            episode = await step.apply(Task(problem=QUESTION, move=Move(operator="act")))
            assert episode.drafts[0].choice.text == begun.text
            log.clear()
            await step.apply(task)

    asyncio.run(branch())
    assert len(log) == performed


def test_a_cut_episode_keeps_what_was_observed_then() -> None:
    log: list[str] = []
    line = [
        Candidate(id="0.0", text="Action: ring[1]\nObservation: It rang.", complete=False),
        Candidate(
            id="1.0",
            text="Action: ring[1]\nObservation: It rang.\nAction: ring[2]\nObservation: It broke.",
            parents=("0.0",),
            complete=False,
        ),
    ]
    model = ScriptedChatModel("Action: finish[1]")
    task = Task(
        problem=QUESTION,
        move=Move(operator="act", parents=("1.0",), keep=1),
        parents=(line[1],),
        pool=tuple(line),
    )
    draft = asyncio.run(act(model, lambda: ToolUse([bell(log)])).apply(task)).drafts[0]
    assert log == []
    assert draft.choice.text.startswith(f"{line[0].text}\nAction: finish[1]")
