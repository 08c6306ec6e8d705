"""LangGraph interrupts ask a person before a repair or an answer, and apply the reply."""

import asyncio
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from rich.console import Console

import refinegraph as rg
from refinegraph.agents import Refiner, Reviewer, Solver
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.cli.asking import ACCEPT, EDIT, REFINE, asker
from refinegraph.errors import InputError
from refinegraph.graphs import refinement_graph
from refinegraph.graphs.checkpoints import checkpoint_serializer
from refinegraph.graphs.nodes.human import BeforeAccept, BeforeRefine, Question, Reply
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.stopping import accepted, rounds

WRONG, RIGHT = "def add(a, b): return a - b", "def add(a, b): return a + b"
PROBLEM = rg.Problem(prompt="Write add(a, b).", tests="assert add(1, 2) == 3")
THREAD: RunnableConfig = {"configurable": {"thread_id": "one"}}


def resumed(reply: Reply | int) -> Command[Any]:
    return Command(resume=reply)


def graph(refiner: ScriptedChatModel, ask: tuple[str, ...]) -> RefinementGraph:
    return refinement_graph(
        solver=Solver(ScriptedChatModel(WRONG, cycle=True)),
        reviewer=Reviewer(ScriptedChatModel("VERDICT: wrong\nCHANGE: think", cycle=True)),
        refiner=Refiner(refiner),
        stop=accepted() | rounds(1),
        checkpointer=InMemorySaver(serde=checkpoint_serializer()),
        interrupt_before=ask,  # type: ignore[arg-type]
    )


async def test_an_edited_review_is_what_the_refiner_gets() -> None:
    refiner = ScriptedChatModel(RIGHT)
    asking = graph(refiner, ("refine",))
    stopped = await asking.ainvoke({"problem": PROBLEM}, THREAD)
    [waiting] = stopped["__interrupt__"]
    assert isinstance(waiting.value, BeforeRefine)
    assert waiting.value.review
    assert not refiner.calls
    edited = waiting.value.review.model_copy(update={"change": "use a plus", "text": "use a plus"})
    state = await asking.ainvoke(resumed(edited), THREAD)
    assert "use a plus" in refiner.calls[0].prompt
    assert state["result"].solved
    assert [review.edited for review in state["result"].reviews] == [True]


async def test_a_refinement_may_be_left_out() -> None:
    refiner = ScriptedChatModel(RIGHT)
    asking = graph(refiner, ("refine",))
    await asking.ainvoke({"problem": PROBLEM}, THREAD)
    state = await asking.ainvoke(resumed(False), THREAD)
    assert not refiner.calls
    assert state["result"].solved is False


async def test_a_solution_of_a_person_is_run_and_taken() -> None:
    asking = graph(ScriptedChatModel(WRONG), ("accept",))
    first = await asking.ainvoke({"problem": PROBLEM}, THREAD)
    assert isinstance(first["__interrupt__"][0].value, BeforeAccept)
    second = await asking.ainvoke(resumed(RIGHT), THREAD)
    offered = second["__interrupt__"][0].value.candidate
    assert (offered.role, offered.verdict.passed) == ("person", True)
    state = await asking.ainvoke(resumed(True), THREAD)
    assert state["result"].answer == RIGHT
    assert state["result"].selection.reason == "a person wrote it"


async def test_a_solution_that_is_refuted_is_not_preferred() -> None:
    asking = graph(ScriptedChatModel(RIGHT), ("accept",))
    await asking.ainvoke({"problem": PROBLEM}, THREAD)
    await asking.ainvoke(resumed(WRONG), THREAD)
    state = await asking.ainvoke(resumed(True), THREAD)
    assert state["result"].answer == RIGHT


async def test_an_answer_that_fits_no_question_is_refused() -> None:
    asking = graph(ScriptedChatModel(RIGHT), ("accept",))
    await asking.ainvoke({"problem": PROBLEM}, THREAD)
    with pytest.raises(InputError, match="expected True or the text of a solution"):
        await asking.ainvoke(resumed(7), THREAD)


def test_solve_calls_the_given_question_handler() -> None:
    asked: list[Question] = []

    async def reply(question: Question) -> Reply:
        asked.append(question)
        return True

    model = ScriptedChatModel([WRONG, "VERDICT: wrong\nCHANGE: add", RIGHT])
    result = rg.solve(
        PROBLEM,
        model=model,
        strategy="self-refine",
        ask=("refine", "accept"),
        on_question=reply,
    )
    assert result.solved
    assert [type(each) for each in asked] == [BeforeRefine, BeforeAccept]


def test_waiting_for_a_person_does_not_count_as_running_time() -> None:
    async def think(question: Question) -> Reply:
        await asyncio.sleep(3.2)
        return True

    model = ScriptedChatModel([WRONG, "VERDICT: wrong\nCHANGE: add", RIGHT])
    result = rg.solve(
        PROBLEM,
        model=model,
        strategy="self-refine",
        ask=("refine",),
        on_question=think,
        timeout=3,
    )
    assert result.solved
    assert result.usage.wall_seconds < 3.2


def test_missing_handlers_and_unknown_interrupt_points_are_bad_input() -> None:
    with pytest.raises(InputError, match="unknown interrupt point 'lunch'"):
        rg.solve(PROBLEM, model=ScriptedChatModel(RIGHT), ask=("lunch",))
    with pytest.raises(InputError, match="pass `on_question`"):
        rg.solve(PROBLEM, model=ScriptedChatModel(RIGHT), strategy="single", ask=("accept",))


async def test_the_terminal_asks_in_words() -> None:
    typed = {REFINE: "use a plus", ACCEPT: "e", EDIT: RIGHT}

    async def read(prompt: str, default: str) -> str:
        return typed[prompt]

    ask = asker(Console(quiet=True), read=read)
    candidate = rg.solve(PROBLEM, model=ScriptedChatModel(WRONG), strategy="single").candidates[0]
    review = await ask(BeforeRefine(candidate=candidate, review=None))
    assert isinstance(review, rg.Review)
    assert review.change == "use a plus"
    assert await ask(BeforeAccept(candidate=candidate, reason="best", stop_reason=None)) == RIGHT
    typed.update({REFINE: "", ACCEPT: ""})
    assert await ask(BeforeRefine(candidate=candidate, review=None)) is True
    assert await ask(BeforeAccept(candidate=candidate, reason="best", stop_reason=None)) is True
    typed[REFINE] = "s"
    assert await ask(BeforeRefine(candidate=candidate, review=None)) is False
