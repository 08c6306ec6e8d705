"""Step-level Q-values: an agent proposes actions and takes the one with the highest Q."""

from refinegraph.agents.environments import act
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "Step-level Q-value models",
    paper="arXiv 2409.09345",
    ideas=["search", "judge"],
    needs=["environment", "scorer"],
    calls="n for every action",
    departs="Q is estimated after the observation; the paper learns Q and uses it before acting.",
)
def step_q_agent(plan: Plan) -> SearchGraph:
    """Propose several actions and continue with the one with the highest Q-value."""
    assert plan.environment
    return plan.search(
        "step-q-agent",
        operators={"act": act(plan.model, plan.environment)},
        policy=beam("act", keep=1, width=plan.samples or 5),
        select=latest(),
    )
