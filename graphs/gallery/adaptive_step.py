"""AdaptiveStep: steps end where the model becomes unsure of its next word."""

from refinegraph.agents import confidence_below, continue_from
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "AdaptiveStep",
    paper="arXiv 2502.13943",
    ideas=["search", "judge"],
    needs=["scorer", "logprobs"],
    calls="n for every step",
    departs="A step ends below a fixed confidence; the paper sets it by a share of all tokens.",
)
def adaptive_step(plan: Plan) -> SearchGraph:
    """End steps where confidence drops, and let a process reward choose the continuations."""
    step = continue_from(plan.model, step=confidence_below(0.8), on_missing_prefix="ask")
    return plan.search(
        "adaptive-step",
        operators={"step": step},
        policy=beam("step", keep=1, width=plan.samples or 4),
        select=latest(),
    )
