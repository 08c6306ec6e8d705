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
"""Below the first confidence, the larger model is asked; below the second, the answer is
rejected."""


@recipe(
    "Self-REF (confidence tokens)",
    paper="arXiv 2410.13284",
    ideas=["route"],
    needs=["logprobs"],
    calls="2, and 2 more if it defers",
    departs="Confidence is the probability of True when the model is asked about its answer; the "
    "paper trains tokens for it. The larger model is --refiner-model.",
)
def confidence_token_cascade(plan: Plan) -> SearchGraph:
    """Answer if confident, otherwise defer to a larger model, and reject doubtful answers."""
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
    """Defer if the confidence is known and low."""
    sure = [c for c in state.candidates if c.score is None or c.score >= CONFIDENT]
    return [] if sure else [move("defer")]


def or_reject(problem: Problem, candidates: Sequence[Candidate]) -> Selection:
    """Choose the last answer, or none if its confidence is too low."""
    chosen = latest()(problem, candidates)
    confidence = next((c.score for c in candidates if c.id == chosen.candidate_id), None)
    if confidence is not None and confidence < ACCEPTABLE:
        return Selection(candidate_id=None, reason=f"rejected: the confidence is {confidence:.2f}")
    return chosen
