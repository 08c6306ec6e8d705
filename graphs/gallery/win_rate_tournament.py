"""Self-play preference: a sample's reward is its win rate against the other samples."""

from refinegraph.agents import PairwiseJudge
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "SPO (self-play preference optimisation)",
    paper="arXiv 2401.04056",
    ideas=["judge"],
    calls="n + n (n - 1)",
    departs="The win rate selects an answer; the paper trains with it.",
)
def win_rate_tournament(plan: Plan) -> SearchGraph:
    """Compare every pair of samples in both orders and take the one that wins most often."""
    samples = plan.samples or 4
    pairs = samples * (samples - 1) // 2
    judge = plan.reviewer_model or plan.model
    return plan.search(
        "win-rate-tournament",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        scorer=PairwiseJudge(judge, max_pairs=pairs, ranking="win-rate"),
        select=best_of(),
    )
