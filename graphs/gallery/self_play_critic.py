"""SPC: a critic of single steps; every step that it refutes is rewritten."""

from refinegraph.agents import Judge, continue_from, line, rest
from refinegraph.agents.prompts import Prompt
from refinegraph.graphs.policies import finishing, move
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

CRITICISE = """$problem

$solution

Look at the last step alone, the others are right. Is it right, or was an error slipped in? Reply \
with one JSON object: {"reason": "one sentence", "score": 0 for an error, 10 for none}"""
TRIES = 5
"""Maximum tries per step, as in the paper; then the last one is kept."""


@recipe(
    "SPC (self-play critic)",
    paper="arXiv 2504.19162",
    ideas=["search", "judge"],
    calls="2 for every step that is written, n steps at most",
    departs="The critic is prompted; the paper trains it in a game against a generator of errors.",
)
def self_play_critic(plan: Plan) -> SearchGraph:
    """Write step by step, and undo every step that the critic refutes."""
    limit = plan.samples or 32
    return plan.search(
        "self-play-critic",
        operators={
            "step": continue_from(plan.model, step=line(), on_missing_prefix="ask"),
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(
            lambda state: next_step(state) if len(state.candidates) < limit else [], "finish"
        ),
        scorer=Judge(plan.reviewer_model or plan.model, prompt=Prompt(user=CRITICISE)),
        select=latest(),
    )


def next_step(state: RefinementState) -> list[Move]:
    """Continue from the last step, or rewrite it if the critic refutes it."""
    if not state.candidates:
        return [move("step")]
    last = state.candidates[-1]
    tries = sum(other.parents == last.parents for other in state.candidates)
    if (last.score or 0.0) < 0.5 and tries < TRIES:
        return [move("step", *last.parents)]
    return [] if last.complete else [move("step", last)]
