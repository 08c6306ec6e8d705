"""S3c-Math: notice and correct a wrong step while the reasoning continues."""

from refinegraph.agents import continue_from, line, prompted, rest
from refinegraph.graphs.policies import finishing, move
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

CHECK = """$problem

$solution

Is the last step right? Answer `VERDICT: right` or `VERDICT: wrong`, and after a wrong one \
`CHANGE: ` and what the step should say."""


@recipe(
    "S3c-Math (spontaneous step-level self-correction)",
    paper="arXiv 2409.01524",
    ideas=["repair", "check"],
    calls="2 for every step, n steps at most",
    departs="Every step is checked by a separate call and rewritten if wrong; the paper "
    "trains the model to notice and correct it in the same text.",
)
def inline_step_correction(plan: Plan) -> SearchGraph:
    """Check every step as soon as it is written, and correct it before the next one."""
    limit = plan.samples or 16
    step = continue_from(plan.model, step=line(), on_missing_prefix="ask")
    return plan.search(
        "inline-step-correction",
        operators={
            "step": step,
            "check": prompted(plan.model, CHECK, makes="reviews"),
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(
            lambda state: checked(state) if len(state.candidates) < limit else [], "finish"
        ),
        select=latest(),
    )


def checked(state: RefinementState) -> list[Move]:
    """Continue from a right step; rewrite a wrong one according to its check."""
    if not state.candidates:
        return [move("step")]
    last = state.candidates[-1]
    review = next((r for r in reversed(state.reviews) if r.candidate_id == last.id), None)
    if review is None:
        return [move("check", last)]
    corrected = sum(other.parents == last.parents for other in state.candidates) > 1
    if review.approves or corrected:
        return [] if last.complete else [move("step", last)]
    return [move("step", *last.parents, instruction=f"The next step: {review.change}")]
