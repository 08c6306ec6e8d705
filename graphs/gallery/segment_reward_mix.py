"""Fine-grained rewards: one for each kind of error and each segment, mixed by weights."""

from refinegraph.agents import StepJudge
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.tools.scorers import mean_of
from refinegraph.tools.step_scores import mean

ASK = """$problem

A solution in $count segments:
$solution

Score each segment from 0 to 10 by nothing but this: {about}. Reply with one JSON object: \
{{"steps": [one number for each segment]}}"""
KINDS = {
    "is it relevant, without repetition or incoherence": 0.3,
    "is every fact and every computation in it right": 0.5,
    "is nothing missing that belongs there": 0.2,
}


@recipe(
    "Fine-Grained RLHF",
    paper="arXiv 2306.01693",
    ideas=["judge"],
    calls="n + 3 n",
    departs="By default, the rewards are prompts; they select a sample, whereas the paper trains "
    "with them.",
)
def segment_reward_mix(plan: Plan) -> SearchGraph:
    """Score every sample's segments for each kind of error and take the best weighted sum."""
    samples = plan.samples or 4
    judge = plan.reviewer_model or plan.model
    rewards = [
        StepJudge(judge, prompt=Prompt(user=ASK.format(about=kind)), aggregate=mean)
        for kind in KINDS
    ]
    return plan.search(
        "segment-reward-mix",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        scorer=mean_of(*rewards, weights=list(KINDS.values())),
        select=best_of(),
    )
