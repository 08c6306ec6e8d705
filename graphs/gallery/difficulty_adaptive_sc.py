"""Difficulty-adaptive self-consistency."""

import re
from collections.abc import Sequence

from refinegraph.agents import prompted
from refinegraph.graphs.policies import move
from refinegraph.graphs.policies.adaptive_sampling import SampleUntil, vote_settled
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import majority_vote
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Decision, Move, StopReason

RANK = """$problem

How hard is this problem for you, from 1 (trivial) to 10? Do not solve it. Reply `SCORE: n`."""
EASY = 3
"""Problems up to this difficulty receive one sample."""


@recipe(
    "Difficulty-Adaptive Self-Consistency",
    paper="arXiv 2408.13457",
    ideas=["vote", "route"],
    calls="1 + from 1 to n",
    departs="Each problem is ranked by itself; the paper ranks all problems of a batch together.",
)
def difficulty_adaptive_sc(plan: Plan) -> SearchGraph:
    """Ask how hard the problem is, then sample once or until the vote is settled."""
    sampler = SampleUntil(until=vote_settled(), max_candidates=plan.samples or 16)

    async def policy(state: RefinementState) -> Decision | Move | StopReason | Sequence[Move]:
        if not state.run_notes:
            return move("rank")
        if not easy(state):
            return await sampler(state)
        return [] if state.candidates else move("solve")

    return plan.search(
        "difficulty-adaptive-sc",
        operators={
            "rank": prompted(plan.model, RANK, makes="note"),
            "solve": plan.solver(samples=1, temperature=0.8),
        },
        policy=policy,
        select=majority_vote(),
    )


def easy(state: RefinementState) -> bool:
    """Return whether the model rated the problem easy."""
    number = re.search(r"SCORE: *(\d+)", state.run_notes[0].text)
    return number is not None and int(number[1]) <= EASY
