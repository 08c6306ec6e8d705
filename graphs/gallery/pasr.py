"""PASR: refine while writing if it is worthwhile, not only afterwards."""

from refinegraph.agents import Judge, continue_from, paragraph, rest
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import finishing, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

JUDGE = Prompt(
    user="""$problem

What is written so far:
$solution

Should the last step be refined before going on? Reply with one JSON object and nothing else:
{"reason": "what is wrong with it, in one sentence", "score": 0 (refine it) to 10 (go on)}"""
)
REFINED = "Write the next step with care. A first try had this fault: {fault}"


@recipe(
    "PASR (proactive self-refinement)",
    paper="arXiv 2508.12903",
    ideas=["repair", "search"],
    calls="2 to 4 for every step",
    departs="A prompt decides when to refine; the paper trains the model to decide by itself.",
)
def pasr(plan: Plan) -> SearchGraph:
    """Decide after every step whether to refine it immediately or to continue."""
    return plan.search(
        "pasr",
        operators={
            "step": continue_from(plan.model, step=paragraph(), on_missing_prefix="ask"),
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(schedule(*[refine_or_go_on] * 2 * (plan.samples or 16)), "finish"),
        scorer=Judge(plan.reviewer_model or plan.model, prompt=JUDGE),
        select=latest(),
    )


def refine_or_go_on(state: RefinementState) -> list[Move]:
    """Rewrite a doubtful step from its beginning; otherwise write the next one."""
    if not state.candidates:
        return [move("step")]
    newest = state.candidates[-1]
    refined = any(path.parents == newest.parents for path in state.candidates[:-1])
    if newest.score is not None and newest.score < 0.5 and not refined:
        fault = REFINED.format(fault=newest.scores[0].evidence)
        return [move("step", *newest.parents, instruction=fault)]
    return [] if newest.complete else [move("step", newest)]
