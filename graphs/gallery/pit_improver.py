"""PIT: an improver without a rubric continues while the reward rises."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import last_wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

IMPROVE = """$problem

A response:
$solution

Write a response that is better than this one. $answer_format"""


@recipe(
    "PIT (implicit self-improvement)",
    paper="arXiv 2310.00898",
    ideas=["repair", "judge"],
    needs=["scorer"],
    calls="1 + r",
    departs="The improver is prompted and the reward compares two responses; the paper trains "
    "both on the gap in quality.",
)
def pit_improver(plan: Plan) -> SearchGraph:
    """Improve a response without a rubric for as long as its reward rises."""
    rounds = 3 if plan.rounds is None else plan.rounds
    return plan.search(
        "pit-improver",
        operators={
            "solve": plan.solver(samples=1, temperature=0.7),
            "improve": prompted(plan.refiner_model or plan.model, IMPROVE),
        },
        policy=schedule(move("solve"), *[while_it_rises] * rounds),
        select=best_of(),
    )


def while_it_rises(state: RefinementState) -> list[Move]:
    """Improve the newest response if its reward exceeds that of its parent."""
    rewards = {candidate.id: candidate.score or 0.0 for candidate in state.candidates}
    return [
        move("improve", newest)
        for newest in last_wave(state)
        if newest.parent_id is None or rewards[newest.id] > rewards[newest.parent_id]
    ]
