"""Early-stopping self-consistency."""

from refinegraph.graphs.policies.adaptive_sampling import SampleUntil, last_k_agree
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import majority_vote
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "Early-Stopping Self-Consistency",
    paper="arXiv 2401.10480",
    ideas=["vote"],
    calls="from w = 4 to n, in windows of w",
)
def early_stopping_sc(plan: Plan) -> SearchGraph:
    """Sample in windows, stop as soon as all samples of a window agree, and vote."""
    window = plan.batch_size or 4
    return plan.search(
        "early-stopping-sc",
        operators={"solve": plan.solver(samples=window, temperature=0.8)},
        policy=SampleUntil(
            until=last_k_agree(window),
            max_candidates=plan.samples or 5 * window,
            batch_size=window,
        ),
        select=majority_vote(),
    )
