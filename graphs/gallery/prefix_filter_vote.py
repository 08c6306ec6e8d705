"""Goal-conditioned rewards: drop partial solutions that will likely fail, then vote."""

from refinegraph.agents import continue_from, paragraph, rest
from refinegraph.graphs.policies import finishing, last_wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import majority_vote
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

LEAST = 0.5
"""Minimum value: a partial solution that is more likely to fail is dropped."""


@recipe(
    "Goal-conditioned reward models",
    paper="arXiv 2407.13887",
    ideas=["vote", "judge"],
    needs=["scorer"],
    calls="at most n for every step",
    departs="The value is the plan's scorer, from 0 to 1; the paper's is the similarity of a "
    "learnt representation to that of reaching the goal.",
)
def prefix_filter_vote(plan: Plan) -> SearchGraph:
    """Continue only promising partial solutions, and vote with the finished ones."""
    samples, steps = plan.samples or 8, 12 if plan.rounds is None else plan.rounds
    return plan.search(
        "prefix-filter-vote",
        operators={
            "step": continue_from(plan.model, step=paragraph(), on_missing_prefix="ask"),
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(
            schedule(move("step", count=samples), *[from_promising] * steps), "finish"
        ),
        select=majority_vote(),
    )


def from_promising(state: RefinementState) -> list[Move]:
    """Continue the unfinished solutions whose value is high enough or unknown."""
    running = [candidate for candidate in last_wave(state) if not candidate.complete]
    return [move("step", path) for path in running if path.score is None or path.score >= LEAST]
