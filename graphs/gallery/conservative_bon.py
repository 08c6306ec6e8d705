"""Best-of-n under an ensemble of reward models."""

from dataclasses import replace

from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.tools.scorers import uncertainty_weighted


@recipe(
    "Reward Model Ensembles",
    paper="arXiv 2310.02743",
    ideas=["judge"],
    calls="n",
    needs=["scorer"],
)
def conservative_bon(plan: Plan) -> SearchGraph:
    """Take the sample with the best mean reward minus the ensemble's disagreement."""
    samples = plan.samples or 8
    assert plan.scorer
    scorers = (plan.scorer,) if callable(plan.scorer) else plan.scorer
    return replace(plan, scorer=uncertainty_weighted(*scorers)).search(
        "conservative-bon",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        select=best_of(),
    )
