"""DeepSeek-GRM: several judgements by principles generated for the problem."""

from refinegraph.agents import Judge
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

JUDGE = Prompt(
    user="""$problem

Response:
$solution

First write three to five principles by which a response to exactly this problem should be judged, \
each with its weight. Then criticise the response by every principle. Reply with one JSON object \
and nothing else:
{"reason": "the principles and the critique, in short", "score": 0 to 10}"""
)


@recipe(
    "DeepSeek-GRM (SPCT)",
    paper="arXiv 2504.02495",
    ideas=["judge", "vote"],
    calls="n (1 + k), with k = 4 judgements",
    departs="All judgements vote; in the paper, a trained meta reward model excludes bad ones.",
)
def principle_judge(plan: Plan) -> SearchGraph:
    """Take the sample that several judgements with different principles score best."""
    samples = plan.samples or 4
    return plan.search(
        "principle-judge",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        scorer=Judge(plan.reviewer_model or plan.model, judges=4, vote="mean", prompt=JUDGE),
        select=best_of(),
    )
