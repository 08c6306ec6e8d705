"""Best-of-n by self-certainty."""

from refinegraph.agents import Solver
from refinegraph.agents.models import Sampling
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.tools.scorers import self_certainty


@recipe(
    "Self-certainty best-of-n",
    paper="arXiv 2502.18581",
    ideas=["judge"],
    needs=["logprobs"],
    calls="n",
    departs="The distribution is that of the top log-probabilities reported by the server.",
)
def self_certainty_bon(plan: Plan) -> SearchGraph:
    """Take the sample whose token distributions were furthest from uniform."""
    samples = plan.samples or 8
    sampling = Sampling(temperature=0.8, logprobs=20, seed=plan.seed, max_tokens=plan.max_tokens)
    return plan.search(
        "self-certainty-bon",
        operators={"solve": Solver(plan.model, sampling=sampling, prompts=plan.prompts)},
        policy=schedule(move("solve", count=samples)),
        scorer=self_certainty(),
        select=best_of(),
    )
