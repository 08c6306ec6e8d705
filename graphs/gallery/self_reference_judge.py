"""Self-reference AI feedback: answer first, criticise against that answer, vote."""

from refinegraph.agents import AnswerFirstJudge
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

CRITICISE = """$problem

Your own answer:
$own

A response:
$solution

Criticise the response with your own answer as a reference: what is best for humanity in it, and \
what is not? Reply with one JSON object: {"reason": "the criticism", "score": 0 to 10}"""


@recipe(
    "Self-Reference AI Feedback",
    paper="arXiv 2406.11190",
    ideas=["judge", "vote"],
    calls="n + 1 + 3 n",
    departs="The judges' votes select the answer; the paper derives preferences from likelihoods "
    "and trains a reward model on them.",
)
def self_reference_judge(plan: Plan) -> SearchGraph:
    """Let the judge answer first, criticise each response against that, and vote three times."""
    samples = plan.samples or 4
    judge = plan.reviewer_model or plan.model
    return plan.search(
        "self-reference-judge",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        scorer=AnswerFirstJudge(judge, judges=3, vote="mean", prompt=Prompt(user=CRITICISE)),
        select=best_of(),
    )
