"""An actor and a critic that judges every step, in parallel."""

from refinegraph.agents import StepJudge, approved
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import leaves, majority_vote
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "AutoMathCritique: critique models",
    paper="arXiv 2411.16579",
    ideas=["judge", "repair", "vote"],
    calls="2 n + 3 n r",
    departs="Actor and critic are the plan's models; the paper trains the critic.",
)
def actor_critic_steps(plan: Plan) -> SearchGraph:
    """Criticise the steps of several solutions in parallel, revise each, vote on the results."""
    samples, rounds = plan.samples or 4, 1 if plan.rounds is None else plan.rounds
    return plan.search(
        "actor-critic-steps",
        operators={
            "solve": plan.solver(samples=samples, temperature=0.8),
            "refine": plan.reviewer() >> plan.refiner().unless(approved()),
        },
        policy=schedule(move("solve", count=samples), *[from_each("refine")] * rounds),
        scorer=StepJudge(plan.reviewer_model or plan.model),
        select=leaves(majority_vote()),
    )
