"""A run that is neither stored nor streamed gives the same result as one step by step."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.agents.models import ScriptedChatModel, run_scope
from refinegraph.agents.operators import Task
from refinegraph.errors import ModelError
from refinegraph.graphs.search import SearchGraph, search_graph
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, build_strategy
from refinegraph.runs.runner import run_graph
from refinegraph.schema import Move, Problem, RefinementResult
from refinegraph.tools.sandbox import Sandbox

PROBLEM = Problem(prompt="Write f(x).", tests="assert f(1) == 2\nassert f(2) == 4")
ANSWERS = [
    "```python\ndef f(x):\n    return x + 1\n```",
    "VERDICT: wrong\nSTEP: return\nCHANGE: double it",
    "I cannot say.",
    "```python\ndef f(x):\n    return x * x\n```",
    "VERDICT: wrong\nSTEP: return\nCHANGE: multiply",
    "```python\ndef f(x):\n    return 2 * x\n```",
]
TIMES = ("seconds", "spent_seconds", "wall_seconds", "timeline")
Made = Callable[[], SearchGraph]


def without_times(value: Any) -> Any:
    """Leave out the times in a dumped result, which differ from run to run."""
    if isinstance(value, dict):
        kept = {key: part for key, part in value.items() if key not in TIMES}
        return {key: without_times(part) for key, part in kept.items()}
    if isinstance(value, list | tuple):
        return [without_times(part) for part in value if not is_time(part)]
    return value


def is_time(part: Any) -> bool:
    """Return whether a part is a feature that states a time."""
    return isinstance(part, dict) and part.get("name") in TIMES


async def step_by_step(make: Made, problem: Problem) -> Any:
    result: RefinementResult = (await make().ainvoke({"problem": problem}))["result"]
    return without_times(result.model_dump())


async def inline(make: Made, problem: Problem) -> Any:
    return without_times((await run_graph(make(), problem)).model_dump())


@pytest.mark.parametrize("name", ["single", "best-of-n", "self-refine", "magicore", "adaptive"])
async def test_every_strategy_gives_the_same_result_inline(name: str) -> None:
    async with Sandbox() as sandbox:

        def make() -> SearchGraph:
            model = ScriptedChatModel(ANSWERS, cycle=True)
            return build_strategy(name, Plan(model=model, samples=2, sandbox=sandbox))

        assert await inline(make, PROBLEM) == await step_by_step(make, PROBLEM)


async def test_a_long_chain_of_repairs_needs_no_recursion() -> None:
    def policy(state: RefinementState) -> list[Move]:
        last = state.candidates[-1:]
        if len(state.candidates) > 400:
            return []
        return [Move(operator="make", parents=tuple(candidate.id for candidate in last))]

    def make() -> SearchGraph:
        operators: Any = {"make": lambda task: f"The answer is {len(task.pool)}."}
        return search_graph(operators=operators, policy=policy, stop=None)

    result = await run_graph(make(), Problem(prompt="Count.", kind="math"))
    assert len(result.candidates) == 401


@given(waves=st.lists(st.lists(st.sampled_from(["make", "look"]), max_size=3), max_size=5))
@settings(max_examples=25, deadline=None)
async def test_moves_in_any_order_give_the_same_result_inline(waves: list[list[str]]) -> None:
    def policy(state: RefinementState) -> list[Move]:
        number = len(state.decisions)
        names = waves[number] if number < len(waves) else []
        parents = tuple(candidate.id for candidate in state.candidates[-1:])
        return [Move(operator=name, parents=parents if name == "look" else ()) for name in names]

    def made() -> SearchGraph:
        operators: Any = {
            "make": lambda task: f"The answer is {len(task.pool)}.",
            "look": lambda task: [],
        }
        return search_graph(operators=operators, policy=policy, stop=None)

    problem = Problem(prompt="Count.", kind="math")
    assert await inline(made, problem) == await step_by_step(made, problem)


async def test_observers_receive_the_same_events_inline() -> None:
    async def events(*, is_inline: bool) -> list[str]:
        heard: list[Any] = []
        async with Sandbox() as sandbox:
            model = ScriptedChatModel(ANSWERS, cycle=True)
            graph = build_strategy("self-refine", Plan(model=model, sandbox=sandbox))
            if is_inline:
                await run_graph(graph, PROBLEM, on_event=heard.append)
            else:
                with run_scope(on_event=heard.append):
                    await graph.ainvoke({"problem": PROBLEM})
        return [type(event).__name__ for event in heard]

    assert await events(is_inline=True) == await events(is_inline=False)


async def test_the_failure_of_the_only_move_is_raised_inline() -> None:
    def fail(task: Task) -> str:
        raise ModelError("the model is gone")

    operators: Any = {"fail": fail}
    graph = search_graph(operators=operators, policy=lambda state: Move(operator="fail"))
    with pytest.raises(ModelError, match="the model is gone"):
        await run_graph(graph, PROBLEM)


async def test_a_streamed_graph_still_reports_every_node() -> None:
    graph = search_graph(
        operators={"solve": lambda task: "The answer is 4."},
        policy=lambda state: [] if state.candidates else Move(operator="solve"),
    )
    problem = Problem(prompt="2 + 2?", kind="math")
    nodes = [
        node
        async for update in graph.astream({"problem": problem}, stream_mode="updates")
        for node in update
    ]
    assert nodes == ["route", "solve", "score"]
