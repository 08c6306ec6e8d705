"""FastMCTS: whole paths are sampled from promising prefixes of earlier paths."""

import math

from refinegraph.agents import continue_from, rest
from refinegraph.graphs.policies import move
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import weighted_vote
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Move

EXPLORE = 0.5
"""Weight of the exploration term; the other term, a variance, is at most 0.25."""


@recipe(
    "FastMCTS",
    paper="arXiv 2502.11476",
    ideas=["search", "vote"],
    calls="n",
    departs="Without reference answers a path's reward is its score, agreement unless --scorer "
    "judges; the paper samples data with known answers. Programs are sampled anew, because "
    "finished ones have no steps.",
)
def fast_mcts(plan: Plan) -> SearchGraph:
    """Sample whole paths, each from a promising or rarely tried step of an earlier one."""
    samples = plan.samples or 8
    return plan.search(
        "fast-mcts",
        operators={"roll": continue_from(plan.model, step=rest(), on_missing_prefix="ask")},
        policy=lambda state: next_path(state) if len(state.candidates) < samples else [],
        select=weighted_vote(),
    )


def next_path(state: RefinementState) -> Move:
    """Descend by the bound to the step from which another path promises most."""
    paths, kept = state.candidates, 0
    if len(paths) < 2:
        return move("roll")
    while True:
        below: dict[str, tuple[Candidate, ...]] = {}
        for path in paths:
            if len(path.steps) > kept + 1:
                start = prefix(path, kept + 1)
                below[start] = (*below.get(start, ()), path)
        best = max(below.values(), key=lambda group: bound(group, len(group), paths), default=paths)
        if bound(paths, max(1, len(below)), paths) >= bound(best, len(best), paths):
            return move("roll", paths[0], keep=kept)
        paths, kept = best, kept + 1


def prefix(candidate: Candidate, steps: int) -> str:
    """Return the first steps, one per line."""
    return "\n".join(candidate.text[step.start : step.end] for step in candidate.steps[:steps])


def bound(paths: tuple[Candidate, ...], tried: int, among: tuple[Candidate, ...]) -> float:
    """Return the upper confidence bound of a step, whose value is the variance of success."""
    mean = sum(path.score or 0.0 for path in paths) / len(paths)
    return mean * (1 - mean) + EXPLORE * math.sqrt(math.log(len(among)) / tried)
