"""ReARTeR: reasoning over retrieved documents, each step scored, explained and refined."""

from functools import partial

from refinegraph.agents import Judge, continue_from, paragraph, rest
from refinegraph.agents.memory import recall, with_notes
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import finishing, last_wave, move, ranked, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

JUDGE = Prompt(
    user="""$problem

Reasoning so far:
$solution

Look ahead: if the reasoning goes on from its last step, does it reach the right answer? Reply \
with one JSON object and nothing else:
{"reason": "what is wrong with the last step and how to mend it", "score": 0 to 10}"""
)
STEPS = 24
"""Maximum number of waves, including those that rewrite a step."""
MEND = "Write the next step with this in mind: {0}"


@recipe(
    "ReARTeR",
    paper="arXiv 2501.07861",
    ideas=["judge", "repair", "remember"],
    needs=["memory"],
    calls="from 2 n to 2 n + 2 for every step",
    departs="One judge scores, looks ahead and explains; the paper trains a model for each.",
)
def rearter(plan: Plan) -> SearchGraph:
    """Retrieve for every step, score it with a lookahead, refine it with the explanation."""
    assert plan.memory
    samples = plan.samples or 2
    step = continue_from(plan.model, step=paragraph(), on_missing_prefix="ask")
    retrieving = recall(plan.memory) >> with_notes(step, heading="Documents:", limit=3)
    return plan.search(
        "rearter",
        operators={
            "step": retrieving,
            "mend": step,
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(schedule(*[partial(mend_or_go_on, samples=samples)] * STEPS), "finish"),
        scorer=Judge(plan.reviewer_model or plan.model, prompt=JUDGE),
        select=latest(),
    )


def mend_or_go_on(state: RefinementState, samples: int) -> list[Move]:
    """Rewrite a doubtful step with its explanation; otherwise write the next step."""
    if not state.candidates:
        return [move("step", count=samples)]
    best = ranked(last_wave(state))[0]
    if (best.score or 0.0) < 0.5 and best.operator == "step":
        words = MEND.format(best.scores[0].evidence if best.scores else "")
        return [move("mend", *best.parents, instruction=words)]
    return [] if best.complete else [move("step", best, count=samples)]
