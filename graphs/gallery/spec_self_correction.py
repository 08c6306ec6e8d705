"""Specification self-correction."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

CRITIQUE = """$problem

$solution

Does the solution do what is meant, or does it exploit a gap in how the task is worded?"""
REPAIR = """$problem

What a critic says of a solution that followed this wording:
$reviews

Write the task again without the gap. Do not solve it."""
AGAIN = """$note

$answer_format"""


@recipe(
    "Specification Self-Correction",
    paper="arXiv 2507.18742",
    ideas=["repair", "judge"],
    calls="4",
)
def spec_self_correction(plan: Plan) -> SearchGraph:
    """Criticise the output, repair the specification that caused it, solve that instead."""
    critique = prompted(plan.model, CRITIQUE, makes="reviews").named("critique")
    specify = prompted(plan.model, REPAIR, makes="note").named("specify")
    return plan.search(
        "spec-self-correction",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "again": critique >> specify >> prompted(plan.model, AGAIN),
        },
        policy=schedule(move("solve"), from_all("again")),
        select=latest(),
    )
