"""Greedy search by a process reward."""

from refinegraph.agents import continue_from, line
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "PRM as navigator",
    paper="arXiv 2310.10080",
    ideas=["search", "judge"],
    calls="n for every step",
    needs=["scorer"],
)
def prm_greedy(plan: Plan) -> SearchGraph:
    """Write several next steps and continue from the one with the highest process reward."""
    return plan.search(
        "prm-greedy",
        operators={"step": continue_from(plan.model, step=line(), on_missing_prefix="ask")},
        policy=beam("step", keep=1, width=plan.samples or 4),
        select=latest(),
    )
