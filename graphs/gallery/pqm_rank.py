"""PQM: rank solutions by process rewards that are interpreted as Q-values of steps."""

from refinegraph.agents import StepJudge
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.tools.step_scores import minimum

Q = """$problem

$solution

For each of the $count steps: how likely does the solution end right, if one goes on from that \
step? Right steps rank above wrong ones, and the probability falls sharply at the first wrong \
step. Reply with one JSON object: {"reason": "one sentence", "steps": [0 to 10 for each step]}"""


@recipe(
    "PQM (process Q-value model)",
    paper="arXiv 2410.11287",
    ideas=["judge"],
    calls="2 n",
    departs="By default, Q-values come from a prompt; --scorer sets a trained model, such as a "
    "RewardModel with aggregate=minimum; the paper trains it by ranking steps.",
)
def pqm_rank(plan: Plan) -> SearchGraph:
    """Take the solution whose least promising step is the most promising."""
    samples = plan.samples or 8
    judge = plan.reviewer_model or plan.model
    return plan.search(
        "pqm-rank",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        scorer=StepJudge(judge, prompt=Prompt(user=Q), aggregate=minimum),
        select=best_of(),
    )
