"""STROT: profile the data, then revise the transformation from its execution results."""

from refinegraph.agents import approved, prompted
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

PROFILE = """$problem

Describe the data: its fields, their types and ranges, what is missing or odd. Then name the goal \
of the analysis. Do not write code."""
WRITE = """$problem

Profile of the data:
$note

Write the transformation step by step. $answer_format"""


@recipe(
    "STROT",
    paper="arXiv 2505.01636",
    ideas=["decompose", "check", "repair"],
    calls="2 + 2 r",
)
def strot(plan: Plan) -> SearchGraph:
    """Profile the data, write the transformation for that profile, revise it while it fails."""
    rounds = 3 if plan.rounds is None else plan.rounds
    profile = prompted(plan.model, PROFILE, makes="note").named("profile")
    return plan.search(
        "strot",
        operators={
            "write": profile >> prompted(plan.model, WRITE),
            "revise": plan.reviewer() >> plan.refiner().unless(approved()),
        },
        policy=schedule(move("write"), *[from_each("revise")] * rounds),
        select=latest(),
    )
