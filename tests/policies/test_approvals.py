"""Approvals persist: unchanged approved candidates are not reviewed again."""

from typing import Any

import pytest

from refinegraph.agents import Refiner, Reviewer, Solver, approved
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.graphs import search_graph
from refinegraph.graphs.policies import (
    ab_mcts,
    best_first,
    from_each,
    move,
    schedule,
    uct,
)
from refinegraph.schema import Problem, RefinementResult

PROBLEM = Problem(prompt="2 + 2?", kind="math")
APPROVES = "VERDICT: right"


async def run(policy: Any, review: str, **parts: Any) -> tuple[RefinementResult, int]:
    """Return the result, and the number of calls of the Reviewer."""
    reviewer = ScriptedChatModel(review, cycle=True)
    writer = ScriptedChatModel("The answer is 4.", cycle=True)
    repair = Reviewer(reviewer) >> Refiner(writer).unless(approved())
    graph = search_graph(
        operators={"solve": Solver(writer), "refine": repair}, policy=policy, **parts
    )
    result = (await graph.ainvoke({"problem": PROBLEM}))["result"]
    return result, len(reviewer.calls)


def stubborn(state: Any) -> Any:
    """Request a repair of the first candidate forever."""
    return move("refine", "0.0") if state.candidates else move("solve")


SEARCHES = {
    "stubborn": stubborn,
    "schedule": schedule(move("solve"), *[from_each("refine")] * 5),
    "uct": uct("refine", roots=1, width=1, max_candidates=20),
    "uct without width": uct("refine", max_candidates=20),
    "best_first": best_first("refine", roots=1, max_candidates=20),
}


@pytest.mark.parametrize("policy", SEARCHES.values(), ids=SEARCHES)
async def test_an_approved_candidate_is_reviewed_once(policy: Any) -> None:
    result, reviews = await run(policy, APPROVES)
    assert (len(result.candidates), reviews) == (1, 1)
    assert result.stop_reason.rule in {"approved", "complete", "schedule"}


async def test_a_widening_search_reviews_every_candidate_at_most_once() -> None:
    result, _ = await run(ab_mcts("solve", "refine", max_candidates=12), APPROVES)
    reviewed = [review.candidate_id for review in result.reviews]
    assert len(reviewed) == len(set(reviewed))


async def test_the_approval_is_the_reason_to_stop() -> None:
    result, _ = await run(stubborn, APPROVES)
    assert result.stop_reason.rule == "approved"
    assert result.stop_reason.detail == "the Reviewer found nothing wrong with 0.0"


async def test_later_waves_run_when_all_candidates_are_approved() -> None:
    waves = (move("solve", count=2), from_each("refine"), from_each("refine"), move("solve"))
    result, reviews = await run(schedule(*waves), APPROVES)
    assert (len(result.candidates), reviews) == (3, 2)
    assert result.stop_reason.rule == "schedule"


async def test_an_instruction_asks_again() -> None:
    def again(state: Any) -> Any:
        word = "Mind the units." if state.reviews else ""
        return [] if len(state.reviews) > 1 else move("refine", "0.0", instruction=word)

    waves = schedule(move("solve"), again, again, again)
    _, reviews = await run(waves, APPROVES)
    assert reviews == 2


async def test_unapproved_candidates_are_reviewed_the_requested_number_of_times() -> None:
    _, reviews = await run(schedule(move("solve"), *[from_each("refine")] * 3), "VERDICT: wrong")
    assert reviews == 3
