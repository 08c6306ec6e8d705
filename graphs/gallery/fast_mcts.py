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
    "judges; the paper samples data with known answers.",
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
    """Continue from the step with the highest bound, which prefers mixed success."""
    paths = state.candidates
    if len(paths) < 2:
        return move("roll")
    steps = [(path, n) for path in paths for n in range(len(path.steps))]
    best, keep = max(steps, key=lambda step: bound(prefix(*step), paths), default=(paths[0], 0))
    return move("roll", best, keep=keep)


def prefix(candidate: Candidate, steps: int) -> str:
    """Return the text of the first steps."""
    return candidate.text[: candidate.steps[steps].start].strip()


def bound(start: str, paths: tuple[Candidate, ...]) -> float:
    """Return the upper confidence bound of a prefix, whose value is the variance of success."""
    values = [path.score or 0.0 for path in paths if path.text.lstrip().startswith(start)]
    mean = sum(values) / len(values)
    return mean * (1 - mean) + EXPLORE * math.sqrt(math.log(len(paths)) / len(values))
