"""Prompts that make notes, prompts that show scores, and words for yes and no."""

import asyncio
import math

from langgraph.store.memory import InMemoryStore

from refinegraph.agents import Task, prompted
from refinegraph.agents.judges.p_true import p_true, probability_of
from refinegraph.agents.memory import StoreMemory, remember
from refinegraph.agents.models import Choice, ScriptedChatModel, TokenLogprob, TopLogprob
from refinegraph.graphs.policies import from_unfinished, move, schedule
from refinegraph.graphs.search import search_graph
from refinegraph.schema import Candidate, Move, Note, Problem, Score
from refinegraph.testing import candidate, state

PROBLEM = Problem(prompt="What is 2 + 2?", kind="math")


def task(*parents: Candidate, notes: tuple[Note, ...] = ()) -> Task:
    return Task(
        problem=PROBLEM, move=Move(operator="x"), parents=parents, pool=parents, notes=notes
    )


async def test_every_item_of_a_list_becomes_a_note() -> None:
    model = ScriptedChatModel(["Facts:\n1. It rains.\n- It is cold.", "It rains."])
    listing = prompted(model, "$problem", makes="notes", kind="fact")
    assert (await listing.apply(task())).notes == (
        Note(kind="fact", text="It rains."),
        Note(kind="fact", text="It is cold."),
    )
    assert [note.text for note in (await listing.apply(task())).notes] == ["It rains."]


async def test_a_note_about_the_parent_comes_before_later_ones() -> None:
    first, second = candidate(id="0.0"), candidate(id="0.1")
    notes = (Note(text="mine", about="0.0"), Note(text="yours", about="0.1"))
    model = ScriptedChatModel(["a", "b", "c"])
    read = prompted(model, "$note", makes="note")
    assert (await read.apply(task(first, notes=notes))).notes[0].about == "0.0"
    await read.apply(task(first, second, notes=notes))
    await read.apply(task(candidate(id="0.2"), notes=notes))
    assert [call.prompt for call in model.calls] == ["mine", "mine", "yours"]


async def test_what_scorers_say_of_a_parent_is_shown() -> None:
    scored = candidate(scores=(Score(scorer="judge", value=0.25, evidence="A step is missing."),))
    model = ScriptedChatModel(["a", "b"])
    await prompted(model, "$scores").apply(task(scored))
    await prompted(model, "$scores").apply(task(candidate()))
    shown = [call.prompt for call in model.calls]
    assert shown == ["judge: 0.25 A step is missing.", "It has not been scored."]


async def test_a_memory_forgets_ids_that_mean_nothing_to_other_runs() -> None:
    memory = StoreMemory(InMemoryStore())
    writer = prompted(ScriptedChatModel(["Check zero."]), "$solution", makes="note")
    outcome = await remember(memory, writer).apply(task(candidate(id="0.0")))
    assert outcome.notes[0].about == "0.0"
    assert await memory.recall("zero") == (Note(text="Check zero."),)


def test_the_words_of_a_yes_or_no_question_may_be_chosen() -> None:
    top = (TopLogprob("Yes", math.log(0.6)), TopLogprob("No", math.log(0.2)))
    choice = Choice(text="Yes", logprobs=(TokenLogprob(token="Yes", logprob=-0.5, top=top),))
    assert probability_of(choice) is None
    value = probability_of(choice, "yes", "no")
    assert value is not None and round(value, 6) == 0.75
    scorer = p_true(ScriptedChatModel([choice]), words=("Yes", "No"))
    scored = asyncio.run(scorer(PROBLEM, [candidate(answer="4")]))
    assert scored.scores[0].value == value


async def test_only_unfinished_candidates_are_carried_on() -> None:
    table = [candidate(id="0.0", complete=False), candidate(id="0.1")]
    assert from_unfinished("act")(state(*table)) == [move("act", "0.0")]
    graph = search_graph(
        operators={"solve": lambda task: "The answer is 4.", "act": lambda task: "never"},
        policy=schedule(move("solve"), *[from_unfinished("act")] * 3),
    )
    result = (await graph.ainvoke({"problem": PROBLEM}))["result"]
    assert [made.operator for made in result.candidates] == ["solve"]
