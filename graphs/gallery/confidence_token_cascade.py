"""Self-REF: a confidence token decides whether to answer, to defer, or to reject."""

from collections.abc import Sequence

from refinegraph.agents import p_true, prompted
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Move, Problem, Selection

CONFIDENT, ACCEPTABLE = 0.7, 0.2
"""Below the first the larger model is asked; an answer below the second is rejected."""


@recipe(
    "Self-REF (confidence tokens)",
    paper="arXiv 2410.13284",
    ideas=["route"],
    needs=["logprobs"],
    calls="2, and 2 more where it defers",
    departs="Confidence is the probability of True when the model is asked about its answer; the "
    "paper trains tokens for it. The larger model is --refiner-model.",
)
def confidence_token_cascade(plan: Plan) -> SearchGraph:
    """Answer if confident, defer to a larger model if not, reject what stays doubtful."""
    larger = plan.refiner_model or plan.model
    return plan.search(
        "confidence-token-cascade",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "defer": prompted(larger, "$problem\n\n$answer_format"),
        },
        policy=schedule(move("solve"), where_unsure),
        scorer=p_true(plan.model),
        select=or_reject,
    )


def where_unsure(state: RefinementState) -> list[Move]:
    """Defer where the confidence is known and low."""
    sure = [c for c in state.candidates if c.score is None or c.score >= CONFIDENT]
    return [] if sure else [move("defer")]


def or_reject(problem: Problem, candidates: Sequence[Candidate]) -> Selection:
    """Choose the last answer; none where even that one is hardly believed."""
    chosen = latest()(problem, candidates)
    said = next((c.score for c in candidates if c.id == chosen.candidate_id), None)
    if said is not None and said < ACCEPTABLE:
        return Selection(candidate_id=None, reason=f"rejected: the confidence is {said:.2f}")
    return chosen
