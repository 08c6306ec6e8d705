"""RAIN: evaluate the text while writing, rewind, and continue from where it was good."""

from refinegraph.agents import Judge, continue_from, line, rest
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import finishing, is_complete, uct
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

EVALUATE = Prompt(
    user="""$problem

What is written so far:
$solution

Is it harmless, and is it helpful? Reply with one JSON object and nothing else:
{"reason": "one sentence", "score": 0 (harmful) to 10 (harmless and helpful)}"""
)


@recipe(
    "RAIN",
    paper="arXiv 2309.07124",
    ideas=["search", "judge"],
    calls="2 n",
    departs="Steps are lines; the paper's are sets of tokens, whose embeddings share values.",
)
def rain_rewind(plan: Plan) -> SearchGraph:
    """Search forward by self-evaluation, and rewind what fails it."""
    return plan.search(
        "rain-rewind",
        operators={
            "step": continue_from(plan.model, step=line(), on_missing_prefix="ask"),
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(
            uct(
                "step",
                root="step",
                roots=2,
                width=2,
                done=is_complete,
                max_candidates=plan.samples or 24,
            ),
            "finish",
        ),
        scorer=Judge(plan.reviewer_model or plan.model, prompt=EVALUATE),
        select=best_of(),
    )
