"""The compiled graph: how it solves problems, and what it never loses."""

import asyncio
import operator
from collections.abc import Sequence
from typing import Annotated, Any

import pytest
from langchain_core.messages import BaseMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from refinegraph.agents import Refiner, Reviewer, Solver, TestWriter
from refinegraph.agents.models import RetryPolicy, Sampling, ScriptedChatModel
from refinegraph.agents.operators import Task, as_operator
from refinegraph.errors import ModelError, StateError
from refinegraph.graphs.events import Decided
from refinegraph.graphs.policies.first_wave import FirstWave
from refinegraph.graphs.policies.refine_loop import RefineLoop
from refinegraph.graphs.refinement import RefinementGraph, refinement_graph
from refinegraph.graphs.routing import AlwaysEasy, AlwaysHard
from refinegraph.graphs.search import search_graph
from refinegraph.graphs.selection import agreement, best_of
from refinegraph.graphs.state import RefinementState, check_update
from refinegraph.graphs.stopping import budget, rounds
from refinegraph.schema import Candidate, Problem, RefinementResult, Review, Score, Selection, Usage

TESTS = "assert f(1) == 2\nassert f(2) == 4\nassert f(-3) == -6"
PROBLEM = Problem(prompt="Write f(x) that doubles x.", tests=TESTS)
RIGHT = "```python\ndef f(x):\n    return 2 * x\n```"
SQUARE = "```python\ndef f(x):\n    return x * x\n```"
POWER = "```python\ndef f(x):\n    return 2 ** x\n```"
WRONG = "```python\ndef f(x):\n    return x + 9\n```"
REVIEW = "VERDICT: wrong\nSTEP: return\nWHY: it squares\nCHANGE: double it"


def team(
    answers: Sequence[str], *, reviews: Sequence[str] = (REVIEW,), repairs: Sequence[str] = (RIGHT,)
) -> dict[str, Any]:
    return {
        "solver": Solver(ScriptedChatModel(answers), samples=len(answers)),
        "reviewer": Reviewer(ScriptedChatModel(reviews, cycle=True)),
        "refiner": Refiner(ScriptedChatModel(repairs, cycle=True)),
    }


async def run(graph: RefinementGraph, problem: Problem = PROBLEM) -> RefinementResult:
    state = await graph.ainvoke({"problem": problem})
    result: RefinementResult = state["result"]
    return result


async def test_graph_repairs_a_failing_program_and_reports_the_proof() -> None:
    result = await run(refinement_graph(**team([SQUARE])))
    assert result.solved is True
    assert result.answer == "def f(x):\n    return 2 * x"
    assert result.stop_reason.rule == "accepted"
    assert result.stop_reason.detail == "candidate 1.0 passed all 3 visible tests"
    assert [each.id for each in result.candidates] == ["0.0", "1.0"]
    assert result.candidates[1].parent_id == "0.0"
    assert result.reviews[0].change == "double it"
    assert result.usage.llm_calls == 3
    assert result.usage.sandbox_runs == 2
    assert result.rounds == 1


async def test_graph_sends_an_easy_problem_straight_to_selection() -> None:
    reviewer = ScriptedChatModel([])
    graph = refinement_graph(
        solver=Solver(ScriptedChatModel([WRONG, RIGHT]), samples=2),
        reviewer=Reviewer(reviewer),
        refiner=Refiner(reviewer),
        stop=rounds(3),
    )
    result = await run(graph)
    assert result.difficulty is not None
    assert result.difficulty.level == "easy"
    assert result.difficulty.reasons == ("1 of 2 candidates passes all 3 visible tests",)
    assert result.selection.candidate_id == "0.1"
    assert reviewer.calls == ()


async def test_refinement_that_loses_a_test_is_reverted_and_recorded() -> None:
    one_test = Problem(prompt=PROBLEM.prompt, tests="assert f(2) == 4\nassert f(1) == 2")
    graph = refinement_graph(**team([SQUARE], repairs=[WRONG]), stop=rounds(2))
    result = await run(graph, one_test)
    assert result.solved is False
    assert result.answer == "def f(x):\n    return x * x"
    assert [each.candidate_id for each in result.rejected] == ["1.0", "2.0"]
    assert result.rejected[0].lost == ("t1",)
    assert [each.parent_id for each in result.candidates[1:]] == ["0.0", "0.0"]


async def test_retries_on_one_parent_grow_warmer_and_list_what_was_rejected() -> None:
    refiner = ScriptedChatModel([WRONG, POWER, WRONG])
    graph = refinement_graph(
        solver=Solver(ScriptedChatModel([SQUARE])),
        reviewer=Reviewer(ScriptedChatModel([REVIEW], cycle=True)),
        refiner=Refiner(refiner, sampling=Sampling(temperature=0.4)),
        stop=rounds(2),
    )
    await run(graph, Problem(prompt=PROBLEM.prompt, tests="assert f(2) == 4\nassert f(1) == 2"))
    first, second = refiner.calls
    assert first.sampling.temperature == 0.4
    assert second.sampling.temperature == 0.6
    assert "x + 9" not in first.prompt
    assert "do not give these again" in second.prompt
    assert "x + 9" in second.prompt


async def test_reviewer_sees_the_failing_case_and_never_the_model_of_another() -> None:
    reviewer = ScriptedChatModel([REVIEW])
    parts: Any = team([SQUARE]) | {"reviewer": Reviewer(reviewer)}
    await run(refinement_graph(**parts))
    assert "Failing case: f(1" in reviewer.calls[0].prompt
    assert "Expected: 2" in reviewer.calls[0].prompt
    assert "Got: 1" in reviewer.calls[0].prompt


async def test_parallel_branches_give_the_same_state_whatever_order_they_finish_in() -> None:
    async def slow_for_some(messages: Sequence[BaseMessage], _: Sampling) -> str:
        text = str(messages[-1].content)
        await asyncio.sleep(0.05 if "x * x" in text else 0.0)
        return RIGHT if "x * x" in text else WRONG

    async def slow_for_others(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        await asyncio.sleep(0.05 if "2 ** x" in str(messages[-1].content) else 0.0)
        return await slow_for_some(messages, sampling)

    def ending(script: Any) -> RefinementGraph:
        parts: Any = team([SQUARE, POWER, WRONG]) | {"refiner": Refiner(ScriptedChatModel(script))}
        return refinement_graph(**parts)

    one, other = await run(ending(slow_for_some)), await run(ending(slow_for_others))
    assert [each.id for each in one.candidates] == ["0.0", "0.1", "0.2", "1.0", "1.1", "1.2"]
    timeless = {"seconds", "wall_seconds"}
    assert _without(one.model_dump(), timeless) == _without(other.model_dump(), timeless)


def _without(value: Any, keys: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner, keys) for key, inner in value.items() if key not in keys}
    if isinstance(value, (list, tuple)):
        return [_without(inner, keys) for inner in value]
    return value


async def test_graph_without_tests_reports_an_unproved_answer() -> None:
    result = await run(
        refinement_graph(**team([RIGHT]), router=AlwaysEasy()), Problem(prompt="f(x)")
    )
    assert result.solved is None
    assert result.answer == "def f(x):\n    return 2 * x"


async def test_examples_in_the_statement_are_visible_tests() -> None:
    problem = Problem(prompt='def f(x):\n    """Double x.\n    >>> f(4)\n    8\n    """\n')
    result = await run(refinement_graph(**team([SQUARE])), problem)
    assert result.solved is True
    assert [test.origin for test in result.tests] == ["statement"]


async def test_generated_tests_choose_but_never_prove() -> None:
    writer = ScriptedChatModel(["assert f(1) == 2\nassert f(3) == 6\nassert f(5) == 11"])
    graph = refinement_graph(
        **team([SQUARE, WRONG, RIGHT, "```python\ndef f(x):\n    return x + x\n```"]),
        test_writer=TestWriter(writer, lists=1),
        router=AlwaysEasy(),
        select=agreement(),
    )
    result = await run(graph, Problem(prompt="Write f(x) that doubles x."))
    assert result.solved is None
    assert {test.origin for test in result.tests} == {"generated"}
    assert result.selection.candidate_id == "0.2"
    assert result.selection.reason == "2 programs agree on 2 generated tests"


async def test_answers_that_cannot_be_read_are_candidates_with_a_reason() -> None:
    result = await run(refinement_graph(**team(["I cannot help with that.", ""]), stop=rounds(0)))
    assert all(each.unusable for each in result.candidates)
    assert result.answer is None
    assert result.solved is False
    assert result.usage.unparsable == 2
    assert result.selection.reason == "no candidate gave a usable answer"


async def test_model_that_fails_in_one_branch_does_not_end_the_run() -> None:
    failing = ScriptedChatModel([ConnectionError("gone")] * 20, retry=RetryPolicy(attempts=1))
    parts: Any = team([SQUARE]) | {"reviewer": Reviewer(failing), "refiner": Refiner(failing)}
    result = await run(refinement_graph(**parts, stop=rounds(3)))
    assert result.answer == "def f(x):\n    return x * x"
    assert result.stop_reason.rule == "failed"
    assert {each.node for each in result.failures} == {"review", "refine"}


async def test_model_that_never_answers_raises() -> None:
    failing = ScriptedChatModel([ConnectionError("gone")] * 20, retry=RetryPolicy(attempts=1))
    with pytest.raises(ModelError, match="gone"):
        await run(refinement_graph(solver=Solver(failing)))


async def test_refiner_works_from_evidence_where_there_is_no_reviewer() -> None:
    graph = refinement_graph(
        solver=Solver(ScriptedChatModel([SQUARE])), refiner=Refiner(ScriptedChatModel([RIGHT]))
    )
    result = await run(graph)
    assert result.solved is True
    assert "review" not in graph.get_graph().nodes
    assert result.reviews == ()


async def test_budget_stops_the_loop_with_the_best_so_far() -> None:
    graph = refinement_graph(
        **team([SQUARE], repairs=[WRONG]), stop=budget(calls=3) | rounds(9), router=AlwaysHard()
    )
    result = await run(graph)
    assert result.stop_reason.rule == "budget"
    assert result.usage.llm_calls == 3
    assert result.answer == "def f(x):\n    return x * x"


async def test_fifty_rounds_with_a_custom_node_need_no_higher_recursion_limit() -> None:
    parts = team([SQUARE], repairs=[WRONG])
    seen: list[str] = []

    def harsher(task: Task) -> Review | None:
        seen.append(task.parent.id)
        return task.review.model_copy(update={"text": "double it!"}) if task.review else None

    refiner = ScriptedChatModel([WRONG], cycle=True)
    graph = search_graph(
        operators={
            "solve": parts["solver"],
            "refine": parts["reviewer"] >> as_operator(harsher) >> Refiner(refiner),
        },
        policy=FirstWave(RefineLoop(router=AlwaysHard(), stop=rounds(50)), samples=1),
    )
    result = await run(graph)
    assert result.rounds == len(seen) == 50
    assert {"review", "harsher", "refine"} <= set(graph.get_graph().nodes)
    assert all("double it!" in call.prompt for call in refiner.calls)
    assert {review.text for review in result.reviews} == {"double it!"}


class App(TypedDict, total=False):
    problem: Problem
    notes: Annotated[list[str], operator.add]
    result: RefinementResult | None


async def test_graph_is_a_subgraph_of_an_application() -> None:
    async def ask(state: App) -> App:
        assert state.get("problem") is None
        return {"problem": PROBLEM, "notes": ["asked"]}

    async def tell(state: App) -> App:
        result = state.get("result")
        return {"notes": [result.answer or "" if result else ""]}

    builder = StateGraph(App)
    builder.add_node("ask", ask)
    builder.add_node("refine", refinement_graph(**team([SQUARE])))
    builder.add_node("tell", tell)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", "refine")
    builder.add_edge("refine", "tell")
    builder.add_edge("tell", END)
    final = await builder.compile().ainvoke({"notes": []})
    assert final["notes"] == ["asked", "def f(x):\n    return 2 * x"]


MODES = ("values", "updates", "custom", "messages", "debug", "tasks")


@pytest.mark.parametrize("mode", MODES)
async def test_graph_streams_in_every_mode(mode: Any) -> None:
    graph = refinement_graph(**team([SQUARE]))
    parts = [part async for part in graph.astream({"problem": PROBLEM}, stream_mode=mode)]
    if mode == "updates":
        assert [next(iter(part)) for part in parts] == [
            *("route", "solve", "score", "review", "refine", "score")
        ]
    if mode == "custom":
        decided = [part.decision.action for part in parts if isinstance(part, Decided)]
        assert decided == ["sample", "refine", "stop"]
    assert parts or mode == "messages"


async def test_thread_with_another_problem_starts_over() -> None:
    graph = refinement_graph(
        solver=Solver(ScriptedChatModel([WRONG, RIGHT])), checkpointer=InMemorySaver()
    )
    thread: Any = {"configurable": {"thread_id": "1"}}
    first = await graph.ainvoke({"problem": PROBLEM}, thread)
    second = await graph.ainvoke({"problem": PROBLEM.model_copy(update={"id": "b"})}, thread)
    assert first["result"].solved is False
    assert second["result"].solved is True
    assert second["result"].problem_id == "b"
    assert [each.id for each in second["candidates"]] == ["0.0"]
    assert second["usage"].llm_calls == 1


async def test_interrupted_run_continues_after_its_last_finished_node() -> None:
    solver, refiner = ScriptedChatModel([SQUARE]), ScriptedChatModel([RIGHT])
    graph = refinement_graph(
        solver=Solver(solver),
        reviewer=Reviewer(ScriptedChatModel([REVIEW])),
        refiner=Refiner(refiner),
        checkpointer=InMemorySaver(),
    )
    thread: Any = {"configurable": {"thread_id": "1"}}
    await graph.ainvoke({"problem": PROBLEM}, thread, interrupt_before=["refine"])
    assert refiner.calls == ()
    final = await graph.ainvoke(None, thread)
    assert final["result"].solved is True
    assert len(solver.calls) == 1
    assert final["result"].usage.llm_calls == 3


POISON = [
    {"candidates": "garbage"},
    {"candidates": [{"id": "0.0"}]},
    {"usage": None},
    {"round": "many"},
    {"problem": 3},
]


@pytest.mark.parametrize("poison", POISON, ids=lambda each: repr(each)[:30])
async def test_poisoned_write_is_refused_and_the_thread_stays_readable(poison: Any) -> None:
    graph = refinement_graph(**team([SQUARE]), checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "1"}}
    before = await graph.ainvoke({"problem": PROBLEM}, thread, interrupt_before=["review"])
    with pytest.raises(StateError, match="refused"):
        await graph.aupdate_state(thread, poison)
    assert (await graph.aget_state(thread)).values["candidates"] == before["candidates"]
    final = await graph.ainvoke(None, thread)
    assert final["result"].solved is True


async def test_bad_input_is_refused_and_the_thread_stays_readable() -> None:
    graph = refinement_graph(**team([RIGHT]), checkpointer=InMemorySaver())
    thread: Any = {"configurable": {"thread_id": "1"}}
    bad: Any = {"problem": "just text"}
    with pytest.raises(StateError, match="the input of the graph, key `problem`"):
        await graph.ainvoke(bad, thread)
    assert (await graph.aget_state(thread)).values == {}
    final = await graph.ainvoke({"problem": PROBLEM}, thread)
    assert final["result"].solved is True


@pytest.mark.parametrize(
    ("drafts", "said"),
    [
        ({"candidate": ()}, "key `candidate`, is not valid: Extra inputs are not permitted"),
        ({"candidates": ["text"]}, "key `candidates.0`"),
        ("text", "the update of node `score`, is not valid"),
        ({"usage": 5}, "key `usage`"),
    ],
    ids=["unknown key", "wrong item", "no mapping", "wrong type"],
)
def test_node_that_writes_nonsense_is_named(drafts: Any, said: str) -> None:
    with pytest.raises(StateError, match=said):
        check_update("score", drafts)


def test_state_cannot_be_changed_in_place() -> None:
    state = RefinementState(problem=PROBLEM, usage=Usage(llm_calls=1))
    with pytest.raises(ValueError, match="frozen"):
        state.round = 3  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        state.usage.llm_calls = 0  # type: ignore[misc]
    with pytest.raises(AttributeError):
        state.candidates.append(None)  # type: ignore[attr-defined]


async def test_scorer_and_selector_of_the_user_decide() -> None:
    async def shortest(_: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        return [Score(scorer="short", value=-len(each.text)) for each in candidates]

    def last(_: Problem, candidates: Sequence[Candidate]) -> Selection:
        return Selection(candidate_id=candidates[-1].id, reason="it came last")

    parts = team([SQUARE, RIGHT])
    chosen = await run(refinement_graph(**parts, scorer=shortest, select=last, router=AlwaysEasy()))
    assert chosen.selection.candidate_id == "0.1"
    assert [each.scores[0].scorer for each in chosen.candidates] == ["short", "short"]
    best = await run(
        refinement_graph(**team([SQUARE, "def f(x): return 1"]), scorer=shortest, select=best_of())
    )
    assert best.candidates[0].score == -len(SQUARE)
