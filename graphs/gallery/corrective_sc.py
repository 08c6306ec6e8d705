"""Corrective self-consistency."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move
from refinegraph.tools.grouping import answer_groups

MERGE = """$problem

Two solutions are proposed more often than others:
$solutions

Find out which is right, or what is wrong in both, and write the right solution. $answer_format"""


@recipe("CSC-SQL", paper="arXiv 2505.13271", ideas=["vote", "repair"], calls="n + 1")
def corrective_sc(plan: Plan) -> SearchGraph:
    """Let a revision decide between the two most frequent answers, or merge them."""
    samples = plan.samples or 8
    return plan.search(
        "corrective-sc",
        operators={
            "solve": plan.solver(samples=samples, temperature=0.8),
            "merge": prompted(plan.refiner_model or plan.model, MERGE),
        },
        policy=schedule(move("solve", count=samples), two_largest),
        select=latest(),
    )


def two_largest(state: RefinementState) -> list[Move]:
    """Merge the first candidates of the two largest groups of answers; none if all agree."""
    groups = answer_groups(state.problem, state.candidates)[:2]
    return [move("merge", *(group[0] for group in groups))] if len(groups) == 2 else []
