"""Least-to-most prompting."""

from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph, search_graph
from refinegraph.graphs.stages import stages, subproblems
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "Least-to-most prompting",
    paper="arXiv 2205.10625",
    ideas=["decompose"],
    calls="2 + the number of parts",
)
def least_to_most(plan: Plan) -> SearchGraph:
    """Split a problem into smaller ones, solve them in sequence, then solve the problem."""
    solver = plan.solver(samples=1, temperature=0.0)
    part = search_graph(operators={"solve": solver}, policy=schedule(move("solve")), name="part")
    split = stages(
        subproblems(plan.model),
        each=part,
        then=with_notes(solver, heading="What is known already:", limit=20),
    )
    return plan.search("least-to-most", operators={"solve": split}, policy=schedule(move("solve")))
