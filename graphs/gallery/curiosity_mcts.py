"""COS(M+O)S: search over the steps of a story for moderate surprise."""

import math

from refinegraph.agents import Judge, continue_from, paragraph, rest
from refinegraph.agents.models import Sampling
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import finishing, is_complete, uct
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem
from refinegraph.tools.scorers import product_of, score_each

MODERATE = 1.2
"""Most valued surprise in nats per token, between the obvious and the arbitrary."""
COHERENCE = Prompt(
    user="""$problem

The story so far:
$solution

Is it coherent? Reply with one JSON object and nothing else:
{"reason": "one sentence", "score": 0 to 10}"""
)


@recipe(
    "COS(M+O)S",
    paper="arXiv 2501.17104",
    ideas=["search", "judge"],
    needs=["logprobs"],
    calls="2 n",
    departs="A prompted judge rates coherence; the paper trains a value model and the policy.",
)
def curiosity_mcts(plan: Plan) -> SearchGraph:
    """Search a tree of story steps, valued by moderate surprise times coherence."""
    judge, size = plan.reviewer_model or plan.model, plan.samples or 24
    sampling = Sampling(temperature=1.0, logprobs=1, seed=plan.seed)
    step = continue_from(plan.model, step=paragraph(), sampling=sampling, on_missing_prefix="ask")
    return plan.search(
        "curiosity-mcts",
        operators={
            "step": step,
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(
            uct("step", root="step", roots=3, width=3, done=is_complete, max_candidates=size),
            "finish",
        ),
        scorer=product_of(score_each(curiosity), Judge(judge, prompt=COHERENCE)),
        select=best_of(),
    )


def curiosity(problem: Problem, story: Candidate) -> float | None:
    """Return how close the surprise of the last step is to a moderate one, from 0 to 1."""
    if story.mean_logprob is None:
        return None
    return math.exp(-((-story.mean_logprob - MODERATE) ** 2))
