"""Agent0-VL: a solver with tools, a verifier with tools, and repair of doubtful solutions."""

from refinegraph.agents import ToolJudge, prompted
from refinegraph.agents.environments import act
from refinegraph.graphs.policies import from_unfinished, last_wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

REPAIR = """$problem

$solution

A verifier checked this with tools:
$scores

Repair what it found to be wrong, and keep what held. $answer_format"""
CONFIDENT = 0.7
"""Confidence of the verifier below which a solution is repaired."""


@recipe(
    "Agent0-VL",
    paper="arXiv 2511.19900",
    ideas=["check", "repair", "judge"],
    needs=["environment"],
    calls="a + v + r (1 + v), with a actions of the solver and v of the verifier",
    departs="Uses text and one score per solution; the paper sees images, scores every step and "
    "trains solver and verifier as one model.",
)
def tool_grounded_self_repair(plan: Plan) -> SearchGraph:
    """Solve with tools, verify with tools, and repair solutions that the verifier doubts."""
    assert plan.environment
    rounds = 2 if plan.rounds is None else plan.rounds
    return plan.search(
        "tool-grounded-self-repair",
        operators={
            "act": act(plan.model, plan.environment),
            "repair": prompted(plan.model, REPAIR),
        },
        policy=schedule(move("act"), *[from_unfinished("act")] * 9, *[where_unsure] * rounds),
        scorer=ToolJudge(plan.reviewer_model or plan.model, plan.environment),
        select=best_of(),
    )


def where_unsure(state: RefinementState) -> list[Move]:
    """Repair the newest solution if the verifier's confidence is low."""
    return [
        move("repair", newest)
        for newest in last_wave(state)
        if newest.complete and (newest.score is None or newest.score < CONFIDENT)
    ]
