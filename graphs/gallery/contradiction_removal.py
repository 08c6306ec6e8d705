"""Self-contradictory hallucinations: detect them by writing every sentence twice."""

import re

from refinegraph.agents import Task, approved, as_operator, prompted
from refinegraph.agents.models import generate
from refinegraph.graphs.policies import Wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move, Note

NEXT = "{0}\n\nThe text so far:\n{1}\n\nWrite its next sentence, and nothing else."
DETECT = """$problem

Two sentences about the same thing:
1. $instruction
2. $note

Do they contradict each other? End with `VERDICT: right` if both can be true, else with `VERDICT: \
wrong`."""
EDIT = """$problem

$solution

In this text, these two sentences contradict each other:
1. $instruction
2. $note

Write the text again without what they disagree about, and change nothing else. $answer_format"""


@recipe(
    "Self-contradictory hallucinations",
    paper="arXiv 2305.15852",
    ideas=["check", "repair"],
    calls="1 + from 2 to 3 for every sentence",
)
def contradiction_removal(plan: Plan) -> SearchGraph:
    """Write each sentence a second time, and remove what the two versions disagree on."""

    async def alternative(task: Task) -> Note:
        before = task.parent.text.partition(task.instruction)[0]
        written = await generate(plan.model, NEXT.format(task.problem.prompt, before))
        return Note(about=task.parent.id, text=written.choices[0].text)

    detect = prompted(plan.reviewer_model or plan.model, DETECT, makes="reviews").named("detect")
    edit = prompted(plan.model, EDIT).unless(approved())
    return plan.search(
        "contradiction-removal",
        operators={
            "write": plan.solver(samples=1, temperature=0.0),
            "mend": as_operator(alternative) >> detect >> edit,
        },
        policy=schedule(move("write"), *map(sentence_number, range(plan.samples or 8))),
        select=latest(),
    )


def sentence_number(number: int) -> Wave:
    """Return a wave that checks one sentence of the newest text, if there are enough."""

    def wave(state: RefinementState) -> list[Move]:
        newest = state.candidates[-1]
        sentences = re.split(r"(?<=[.!?])\s+", newest.text.strip())
        return (
            [move("mend", newest, instruction=sentences[number])] if number < len(sentences) else []
        )

    return wave
