"""Agent-R: find the first wrong action of a failed episode and continue from before it."""

import re

from refinegraph.agents import prompted
from refinegraph.agents.environments import act, environment_reward
from refinegraph.graphs.policies import Wave, from_unfinished, move, ranked, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

LOCATE = """$problem

$solution

The episode failed. Which action was the first wrong one? End with a line `STEP: ` and its number, \
from 1, and a line `WHY: ` with what should have been done instead."""


@recipe(
    "Agent-R",
    paper="arXiv 2501.11425",
    ideas=["repair", "search"],
    needs=["environment"],
    calls="n a + r (1 + a), with a actions per episode",
    departs="The rest is repeated after the reflection; the paper splices in a correct sibling "
    "that tree search found, and trains on it.",
)
def agent_r(plan: Plan) -> SearchGraph:
    """Find the first wrong action of the worst episode and continue from before it."""
    assert plan.environment
    rounds = 1 if plan.rounds is None else plan.rounds
    episode: list[Wave] = [from_unfinished("act")] * 9
    return plan.search(
        "agent-r",
        operators={
            "act": act(plan.model, plan.environment),
            "locate": prompted(plan.reviewer_model or plan.model, LOCATE, makes="reviews"),
        },
        policy=schedule(
            move("act", count=plan.samples or 2),
            *episode,
            *[locate_in_worst, before_mistake, *episode] * rounds,
        ),
        scorer=environment_reward(),
        select=best_of(),
    )


def locate_in_worst(state: RefinementState) -> list[Move]:
    """Locate the mistake in the finished episode with the lowest reward."""
    finished = [candidate for candidate in state.candidates if candidate.complete]
    return [move("locate", candidate) for candidate in ranked(finished)[-1:]]


def before_mistake(state: RefinementState) -> list[Move]:
    """Continue from before the first wrong action, with an explanation of the mistake."""
    review = state.reviews[-1] if state.reviews else None
    number = re.search(r"\d+", review.wrong_step) if review else None
    if not review or not number:
        return []
    instruction = f"An earlier attempt went wrong at this point: {review.evidence}"
    return [
        move("act", review.candidate_id, keep=max(0, int(number[0]) - 1), instruction=instruction)
    ]
