"""Operators that are prompts: their places, what the answers become, what is refused."""

from typing import Any

import pytest

from refinegraph.agents import Task, prompted
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.errors import InputError
from refinegraph.graphs import search_graph
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.schema import Candidate, Move, Note, Problem, RefinementResult, Review

PROBLEM = Problem(prompt="What is $x + 2?", kind="math")
FIRST = Candidate(id="0.0", text="It is 3.", answer="3")
SECOND = Candidate(id="0.1", text="It is $4.", answer="4")


def task(*parents: Candidate, **fields: Any) -> Task:
    ids = tuple(parent.id for parent in parents)
    instruction = fields.pop("instruction", "")
    chosen = Move(operator="x", parents=ids, instruction=instruction)
    return Task(problem=PROBLEM, move=chosen, parents=parents, **fields)


async def prompt_for(text: str, shown: Task) -> str:
    model = ScriptedChatModel("4")
    await prompted(model, text).apply(shown)
    return model.calls[0].prompt


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("$problem Cost: $$5", "What is $x + 2? Cost: $5"),
        ("$solution", "It is 3."),
        ("$solutions", "Solution 1:\nIt is 3.\n\nSolution 2:\nIt is $4."),
        ("$others", "Solution 1:\nIt is $4."),
        ("$reviews", "Add again."),
        ("$note|$notes", "new|old\n\nnew"),
        ("$evidence", "It has not been run."),
        ("$answer_format", "Put the final answer in \\boxed{} on the last line."),
    ],
)
async def test_places_show_what_the_task_shows(text: str, asked: str) -> None:
    review = Review(candidate_id="0.0", round=1, approves=False, text="Add again.")
    notes = (Note(text="old"), Note(text="new"))
    shown = task(FIRST, SECOND, reviews=(review,), notes=notes)
    assert await prompt_for(text, shown) == asked


async def test_an_instruction_fills_its_placeholder_or_is_appended() -> None:
    shown = task(instruction="Be brief.")
    assert await prompt_for("Do.", shown) == "Do.\n\nBe brief."
    assert await prompt_for("$instruction Do.", shown) == "Be brief. Do."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$solutons", "unknown placeholder $solutons in a prompt; did you mean $solutions? Known"),
        ("${xyz}", "unknown placeholder $xyz in a prompt. Known placeholders: $answer_format,"),
        ("It costs $5", "write $$ for a dollar sign"),
    ],
)
def test_places_are_checked_when_it_is_built(text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        prompted(ScriptedChatModel("4"), text)
    assert said in str(refused.value)
    with pytest.raises(InputError):
        prompted(ScriptedChatModel("4"), "", system=text)


def test_what_the_answers_become_is_checked_too() -> None:
    with pytest.raises(InputError, match="makes is 'tests'; expected candidates, reviews, note"):
        prompted(ScriptedChatModel("4"), "", makes="tests")  # type: ignore[arg-type]


async def test_answers_become_candidates_reviews_or_a_note() -> None:
    model = ScriptedChatModel(["one", "two", "VERDICT: wrong\nCHANGE: the sum", "both add"])
    drafts = await prompted(model, "$problem").apply(
        Task(problem=PROBLEM, move=Move(operator="x", count=2))
    )
    reviews = await prompted(model, "$solution", makes="reviews").apply(task(FIRST))
    notes = await prompted(model, "$solutions", makes="note").apply(task(FIRST, SECOND))
    assert [draft.choice.text for draft in drafts.drafts] == ["one", "two"]
    assert [(review.candidate_id, review.change) for review in reviews.reviews] == [
        ("0.0", "the sum")
    ]
    assert notes.notes == (Note(text="both add"),)


async def test_prompts_chain_and_their_calls_are_counted() -> None:
    model = ScriptedChatModel(["It is 3.", "It is 4.", "They differ.", "The answer is 4."])
    note = prompted(model, "$solutions", makes="note")
    graph = search_graph(
        operators={
            "solve": prompted(model, "$problem"),
            "merge": note >> prompted(model, "Known: $note"),
        },
        policy=schedule(move("solve", count=2), from_all("merge")),
    )
    result: RefinementResult = (await graph.ainvoke({"problem": PROBLEM}))["result"]
    assert (result.usage.llm_calls, result.candidates[-1].answer) == (3, "4")
    assert model.calls[-1].prompt == "Known: They differ."
    assert "note" in graph.get_graph().nodes


def test_the_repr_is_the_call_that_makes_it() -> None:
    made = prompted(ScriptedChatModel("4"), "$problem", makes="note")
    assert repr(made) == "prompted('scripted', '$problem', makes='note')"
