"""Sharpening: the model verifies its own samples."""

from refinegraph.agents import Judge
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "Sharpening",
    paper="arXiv 2412.01951",
    ideas=["judge"],
    calls="2 n",
    departs="A sample is selected; the paper then distils the selection into the model.",
)
def sharpening_bon(plan: Plan) -> SearchGraph:
    """Take the sample that the model itself, as a judge, rates best."""
    samples = plan.samples or 8
    return plan.search(
        "sharpening-bon",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        scorer=Judge(plan.model),
        select=best_of(),
    )
