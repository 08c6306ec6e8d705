"""MC-NEST: Monte Carlo self-refine with a Nash equilibrium over which answer to refine."""

import math
from functools import partial

from refinegraph.agents import Judge
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.policies.searching import random_for
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Move

EXPLORE = 1.4
"""About the square root of 2, as in UCB1."""


@recipe(
    "MC-NEST",
    paper="arXiv 2411.15645",
    ideas=["search", "repair", "judge"],
    calls="3 n - 1",
)
def mc_nest(plan: Plan) -> SearchGraph:
    """Draw an answer by its UCT bound under a uniform Nash strategy, refine, score, repeat."""
    rollouts = plan.samples or 8
    return plan.search(
        "mc-nest",
        operators={
            "solve": plan.solver(samples=1, temperature=0.7),
            "refine": plan.reviewer() >> plan.refiner(),
        },
        policy=schedule(move("solve"), *[partial(drawn, seed=plan.seed or 0)] * (rollouts - 1)),
        scorer=Judge(plan.reviewer_model or plan.model),
        select=best_of(),
    )


def drawn(state: RefinementState, seed: int) -> Move:
    """Draw an answer; with a uniform equilibrium, its weight is its bound."""
    pool, draws = state.candidates, random_for(state, seed)
    return move("refine", *draws.choices(pool, [bound(answer, state) for answer in pool]))


def bound(answer: Candidate, state: RefinementState) -> float:
    """Return the mean of an answer's score and its best child's, plus an exploration term."""
    children = [child.score or 0.0 for child in state.candidates if answer.id in child.parents]
    value = answer.score or 0.0
    quality = (value + max(children)) / 2 if children else value
    return quality + EXPLORE * math.sqrt(math.log(len(state.candidates) + 1) / (len(children) + 1))
