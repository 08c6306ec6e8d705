"""Critic-CoT: a critic of steps filters solutions before the vote."""

from refinegraph.agents import StepJudge
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import weighted_vote
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "Critic-CoT",
    paper="arXiv 2408.16326",
    ideas=["vote", "judge"],
    calls="2 n",
    departs="Votes are weighted by the critic's scores; the paper drops rejected solutions.",
)
def critic_cot(plan: Plan) -> SearchGraph:
    """Let a critic of steps keep the better half of the solutions, then vote."""
    samples = plan.samples or 8
    return plan.search(
        "critic-cot",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        scorer=StepJudge(plan.reviewer_model or plan.model),
        select=weighted_vote(top=max(1, samples // 2)),
    )
