"""ReAct."""

from refinegraph.agents.environments import act
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "ReAct",
    paper="arXiv 2210.03629",
    ideas=["decompose"],
    calls="1 for every action",
    needs=["environment"],
)
def react(plan: Plan) -> SearchGraph:
    """Think, act and observe in turn until the environment ends the episode."""
    assert plan.environment
    return plan.search(
        "react",
        operators={"act": act(plan.model, plan.environment)},
        policy=beam("act", keep=1, width=1),
        select=latest(),
    )
