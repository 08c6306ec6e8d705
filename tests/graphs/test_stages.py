"""A problem is split, and its parts are solved by separate graphs without losing anything."""

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from refinegraph.agents import Solver
from refinegraph.agents.memory import with_notes
from refinegraph.agents.models import ScriptedChatModel, run_scope
from refinegraph.errors import InputError, ModelError
from refinegraph.graphs import SearchGraph, search_graph
from refinegraph.graphs.events import CandidateProposed, NodeStarted
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.stages import stages, subproblems
from refinegraph.schema import Frozen, Problem, RefinementResult

SHOP = Problem(prompt="Two pens at 3 and a cup at 5: what is to be paid?", kind="math")
PLAN = "1. What do two pens cost?\n2. What is that and 5?"


def outer(model: ScriptedChatModel, part_model: ScriptedChatModel, **how: bool) -> SearchGraph:
    part = search_graph(
        operators={"solve": Solver(part_model)}, policy=schedule(move("solve", count=2))
    )
    solve = stages(subproblems(model), each=part, then=with_notes(Solver(model)), **how)
    return search_graph(
        operators={"solve": solve},
        policy=schedule(move("solve")),
        checkpointer=InMemorySaver(),
    )


def run(graph: SearchGraph, thread: str = "t") -> RefinementResult:
    config: RunnableConfig = {"configurable": {"thread_id": thread}}
    result: RefinementResult = graph.invoke({"problem": SHOP}, config)["result"]
    return result


def test_parts_see_the_results_before_them_and_the_answer_all() -> None:
    model = ScriptedChatModel([PLAN, "The answer is 11."])
    parts = ScriptedChatModel(["The answer is 6."] * 2 + ["The answer is 11."] * 2)
    result = run(outer(model, parts))
    assert result.answer == "11"
    assert "What do two pens cost? 6\nWhat is that and 5?" in parts.calls[-1].prompt
    assert "- What is that and 5? 11" in model.calls[-1].prompt
    assert [note.kind for note in result.notes] == ["subproblem"] * 2 + ["result"] * 2


def test_what_the_inner_runs_spend_is_counted_once() -> None:
    model = ScriptedChatModel([PLAN, "The answer is 11."])
    parts = ScriptedChatModel("The answer is 6.", cycle=True)
    result = run(outer(model, parts, in_turn=False))
    assert result.usage.llm_calls == len(model.calls) + len(parts.calls)
    assert len(result.candidates) == 1


def test_only_model_calls_of_inner_runs_are_reported() -> None:
    heard: list[Frozen] = []
    model = ScriptedChatModel([PLAN, "The answer is 11."])
    with run_scope(on_event=heard.append):
        run(outer(model, ScriptedChatModel("The answer is 6.", cycle=True)))
    assert sum(isinstance(event, CandidateProposed) for event in heard) == 1
    nodes = [event.node for event in heard if isinstance(event, NodeStarted)]
    assert [node for node in nodes if "solve" in node or "part" in node or "sub" in node] == [
        "subproblems",
        "solve_parts",
        "solve",
    ]


def test_the_cost_of_a_part_that_fails_is_not_lost() -> None:
    model = ScriptedChatModel([PLAN, "The answer is 11."])
    parts = ScriptedChatModel(["The answer is 6.", "The answer is 6.", ModelError("It is down.")])
    solve = stages(
        subproblems(model),
        each=search_graph(
            operators={"solve": Solver(parts)}, policy=schedule(move("solve"), move("solve"))
        ),
        then=with_notes(Solver(model)),
    )
    graph = search_graph(
        operators={"first": Solver(ScriptedChatModel("The answer is 0.")), "solve": solve},
        policy=schedule(move("first"), move("solve")),
    )
    result: RefinementResult = graph.invoke({"problem": SHOP})["result"]
    assert [failure.detail for failure in result.failures] == ["It is down."]
    assert [note.text for note in result.notes if note.kind == "result"] == [
        "What do two pens cost? 6"
    ]
    answered = len(parts.calls) - 1
    assert result.usage.llm_calls == 1 + len(model.calls) + answered


def test_a_reply_without_a_list_leaves_the_problem_whole() -> None:
    model = ScriptedChatModel(["It cannot be split.", "The answer is 11."])
    result = run(outer(model, ScriptedChatModel("The answer is 11.", cycle=True)))
    assert [note.text for note in result.notes if note.kind == "subproblem"] == [SHOP.prompt]


def test_a_split_into_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="limit must be at least 1"):
        subproblems(ScriptedChatModel([]), limit=0)
