"""Valid conversations, and the separation of steps."""

import pytest

from refinegraph.agents.models import ScriptedChatModel, generate
from refinegraph.agents.operators import Task
from refinegraph.agents.operators.continuation import continue_from
from refinegraph.agents.operators.steps import StepEnd, paragraph, tokens
from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Move, Problem, Step


@pytest.mark.parametrize("messages", ["2 + 2?", [("user", "2 + 2?")], ["2 + 2?"]])
async def test_a_conversation_may_be_text_or_pairs(messages: object) -> None:
    model = ScriptedChatModel("4")
    made = await generate(model, messages)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert made.choices[0].text == "4"
    assert "2 + 2?" in model.calls[0].prompt


async def test_what_is_no_conversation_is_refused_in_one_sentence() -> None:
    with pytest.raises(InputError, match="is not a conversation; expected a text"):
        await generate(ScriptedChatModel("4"), [3])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("step", "prefix"),
    [(paragraph(), "First.\n\n"), (tokens(9), "First.\n")],
    ids=["joined", "as is"],
)
async def test_kept_steps_stay_apart_from_what_is_written_behind_them(
    step: StepEnd, prefix: str
) -> None:
    text = "First.\nWrong."
    parent = Candidate(
        id="0.0", text=text, steps=(Step(start=0, end=6), Step(start=7, end=13)), complete=False
    )
    task = Task(
        problem=Problem(prompt="Why?", kind="math"),
        move=Move(operator="continue", parents=("0.0",), keep=1),
        parents=(parent,),
    )
    outcome = await continue_from(ScriptedChatModel("Second."), step=step).apply(task)
    assert outcome.drafts[0].choice.text == f"{prefix}Second."
