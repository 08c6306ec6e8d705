"""InternLM-XComposer2.5-Reward: one reward model to select, to train and to filter."""

from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "InternLM-XComposer2.5-Reward",
    paper="arXiv 2501.12368",
    ideas=["judge"],
    needs=["scorer"],
    calls="n",
    departs="Implements the first use; for the other two, `refinegraph export` writes the samples "
    "with their scores as preferences and as filtered answers.",
)
def one_reward_three_uses(plan: Plan) -> SearchGraph:
    """Take the sample that a reward model prefers, and keep the scores for training."""
    samples = plan.samples or 8
    return plan.search(
        "one-reward-three-uses",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        select=best_of(),
    )
