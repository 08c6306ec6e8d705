"""V-STaR: a trained verifier selects the sample."""

from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "V-STaR",
    paper="arXiv 2402.06457",
    ideas=["judge"],
    calls="n",
    needs=["scorer"],
    departs="The verifier is the plan's scorer; the paper trains it on right and wrong samples.",
)
def v_star(plan: Plan) -> SearchGraph:
    """Take the sample with the highest score of a trained verifier."""
    samples = plan.samples or 8
    return plan.search(
        "v-star",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        select=best_of(),
    )
