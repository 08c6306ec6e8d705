"""Perspective-taking prompting."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

PERSPECTIVES = """$problem

Your answer:
$solution

Who is concerned by this answer? Name at most three different kinds of people and say in a \
sentence each how they would read it."""
REGULATE = """$problem

Your answer:
$solution

How others read it:
$note

Write the answer again so that it is right and fair to all of them. $answer_format"""


@recipe("PeT (Walking in Others' Shoes)", paper="arXiv 2407.15366", ideas=["repair"], calls="3")
def perspective_taking(plan: Plan) -> SearchGraph:
    """Consider an answer from the perspective of those it concerns, then revise it."""
    imagine = prompted(plan.model, PERSPECTIVES, makes="note").named("imagine")
    return plan.search(
        "perspective-taking",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "regulate": imagine >> prompted(plan.model, REGULATE),
        },
        policy=schedule(move("solve"), from_all("regulate")),
        select=latest(),
    )
