"""AgentRM: a reward model guides a frozen agent, by a beam over actions and at the end."""

from refinegraph.agents.environments import act
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "AgentRM",
    paper="arXiv 2502.18407",
    ideas=["search", "judge"],
    needs=["environment", "scorer"],
    calls="n for every action",
    departs="Requires a reward model; the paper trains it on the values of explored trees.",
)
def agent_rm(plan: Plan) -> SearchGraph:
    """Keep the episodes with the highest reward, and take the best finished one."""
    assert plan.environment
    width = plan.samples or 4
    return plan.search(
        "agent-rm",
        operators={"act": act(plan.model, plan.environment)},
        policy=beam("act", keep=max(2, width // 2), width=2),
        select=best_of(),
    )
