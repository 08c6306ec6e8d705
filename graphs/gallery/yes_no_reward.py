"""ZYN: the reward is another model's answer to a yes-no question."""

from refinegraph.agents import p_true
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

QUESTION = Prompt(
    user="""$problem

Response: $answer

Is this a good response, one that a careful person would be content with? Answer with Yes or No."""
)


@recipe(
    "ZYN (zero-shot reward models with yes-no questions)",
    paper="arXiv 2308.06385",
    ideas=["judge", "check"],
    needs=["logprobs"],
    calls="2 n",
    departs="The reward selects among samples; the paper also trains with it.",
)
def yes_no_reward(plan: Plan) -> SearchGraph:
    """Take the sample for which another model most likely answers yes."""
    samples = plan.samples or 8
    return plan.search(
        "yes-no-reward",
        operators={"solve": plan.solver(samples=samples, temperature=1.0)},
        policy=schedule(move("solve", count=samples)),
        scorer=p_true(plan.reviewer_model or plan.model, prompt=QUESTION, words=("Yes", "No")),
        select=best_of(),
    )
