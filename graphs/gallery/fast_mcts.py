"""FastMCTS: whole paths are sampled from the most promising prefixes, which are reused."""

import math

from refinegraph.agents import continue_from, rest
from refinegraph.graphs.policies import move
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import weighted_vote
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Move

EXPLORE = 0.5
"""Weight of nodes that were seldom visited, beside a spread that is 0.25 at most."""


@recipe(
    "FastMCTS",
    paper="arXiv 2502.11476",
    ideas=["search", "vote"],
    calls="n",
    departs="Without reference answers a path's reward is its score, agreement unless --scorer "
    "judges; the paper samples data with known answers.",
)
def fast_mcts(plan: Plan) -> SearchGraph:
    """Sample whole paths, each from a step of an earlier one that is promising or little tried."""
    samples = plan.samples or 8
    return plan.search(
        "fast-mcts",
        operators={"roll": continue_from(plan.model, step=rest(), on_missing_prefix="ask")},
        policy=lambda state: next_path(state) if len(state.candidates) < samples else [],
        select=weighted_vote(),
    )


def next_path(state: RefinementState) -> Move:
    """Go on from the step with the highest bound; balanced, so that mixed ones are preferred."""
    made = state.candidates
    if len(made) < 2:
        return move("roll")
    steps = [(each, n) for each in made for n in range(len(each.steps))]
    best, keep = max(steps, key=lambda at: bound(prefix(*at), made), default=(made[0], 0))
    return move("roll", best, keep=keep)


def prefix(candidate: Candidate, steps: int) -> str:
    """Return the text of the first steps."""
    return candidate.text[: candidate.steps[steps].start].strip()


def bound(start: str, made: tuple[Candidate, ...]) -> float:
    """Return the upper confidence bound of a prefix; paths that all succeed teach nothing new."""
    values = [each.score or 0.0 for each in made if each.text.lstrip().startswith(start)]
    mean = sum(values) / len(values)
    return mean * (1 - mean) + EXPLORE * math.sqrt(math.log(len(made)) / len(values))
