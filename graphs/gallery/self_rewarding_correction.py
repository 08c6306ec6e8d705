"""Self-rewarding correction: the model rewards its answer, revises it, and decides to stop."""

from refinegraph.agents import Judge, prompted
from refinegraph.graphs.policies import last_wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

REVISE = """$problem

$solution

You rewarded this answer of yours like so:
$scores

Correct it. $answer_format"""


@recipe(
    "Self-rewarding correction",
    paper="arXiv 2502.19613",
    ideas=["judge", "repair"],
    calls="2 + 2 r at most",
    departs="Answer and reward are separate calls; the paper trains one model to write both "
    "in one answer.",
)
def self_rewarding_correction(plan: Plan) -> SearchGraph:
    """Let the model reward its own answer and correct it until the reward is high."""
    rounds = 3 if plan.rounds is None else plan.rounds
    return plan.search(
        "self-rewarding-correction",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "revise": prompted(plan.model, REVISE),
        },
        policy=schedule(move("solve"), *[where_unrewarded] * rounds),
        scorer=Judge(plan.model),
        select=latest(),
    )


def where_unrewarded(state: RefinementState) -> list[Move]:
    """Revise the newest answer if its own reward is below one half."""
    return [move("revise", last) for last in last_wave(state) if (last.score or 0.0) < 0.5]
