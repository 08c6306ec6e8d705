"""Auto MC-Reward: a designer writes reward code, a critic checks it, an analyser reviews runs."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

CRITIC = """$problem

Reward function:
$solution

Is it consistent with the task, complete and safe to run? Name each fault. End with `VERDICT: \
right` or `VERDICT: wrong`."""
ANALYSE = """$problem

$solution

What came of it when it ran:
$evidence

Sum up in two sentences how it failed and what that says about the reward."""
REDESIGN = """$problem

$solution

The critic: $reviews
The analyser: $note

Write the whole reward function again. $answer_format"""


@recipe(
    "Auto MC-Reward",
    paper="arXiv 2312.09238",
    ideas=["judge", "repair", "check"],
    calls="1 + 3 r",
    departs="Visible tests replace the trajectories that the paper collects by training agents.",
)
def auto_mc_reward(plan: Plan) -> SearchGraph:
    """Let a critic check the designed code, run it, and redesign it from a failure analysis."""
    rounds, judge = 2 if plan.rounds is None else plan.rounds, plan.reviewer_model or plan.model
    critic = prompted(judge, CRITIC, makes="reviews").named("critic")
    analyse = prompted(judge, ANALYSE, makes="note").named("analyse")
    return plan.search(
        "auto-mc-reward",
        operators={
            "design": plan.solver(samples=1, temperature=0.0),
            "redesign": critic >> analyse >> prompted(plan.model, REDESIGN),
        },
        policy=schedule(move("design"), *[from_all("redesign")] * rounds),
        select=latest(),
    )
