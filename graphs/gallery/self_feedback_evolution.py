"""SELF: self-feedback, refinement, and a filter."""

from collections.abc import Sequence

from refinegraph.agents import Judge
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import leaves, majority_vote
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem, Selection
from refinegraph.support.awaiting import MaybeAwaitable


@recipe(
    "SELF (self-evolution with language feedback)",
    paper="arXiv 2310.00533",
    ideas=["repair", "judge", "vote"],
    calls="2 n + 3 n r",
    departs="Answers that pass the filter vote; the paper fine-tunes the model on them.",
)
def self_feedback_evolution(plan: Plan) -> SearchGraph:
    """Let the model criticise and refine its answers, and keep those that it accepts."""
    samples, rounds = plan.samples or 3, 1 if plan.rounds is None else plan.rounds
    return plan.search(
        "self-feedback-evolution",
        operators={
            "solve": plan.solver(samples=samples, temperature=0.8),
            "refine": plan.reviewer() >> plan.refiner(),
        },
        policy=schedule(move("solve", count=samples), *[from_each("refine")] * rounds),
        scorer=Judge(plan.model),
        select=leaves(qualified),
    )


def qualified(problem: Problem, candidates: Sequence[Candidate]) -> MaybeAwaitable[Selection]:
    """Vote among the answers rated more right than wrong, or among all if there are none."""
    good = [candidate for candidate in candidates if (candidate.score or 0.0) > 0.5]
    return majority_vote()(problem, good or candidates)
