"""Self-PRM: a model scores the steps of its own solutions."""

from refinegraph.agents import StepJudge
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe


@recipe("Self-PRM", paper="arXiv 2505.11227", ideas=["judge"], calls="2 n")
def self_prm_rerank(plan: Plan) -> SearchGraph:
    """Rank solutions by the product of the model's scores for its own steps."""
    samples = plan.samples or 8
    return plan.search(
        "self-prm-rerank",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        scorer=StepJudge(plan.model),
        select=best_of(),
    )
