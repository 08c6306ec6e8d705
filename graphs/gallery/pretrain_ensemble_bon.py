"""Helping or herding: best-of-n under the worst case of an ensemble of reward models."""

from dataclasses import replace

from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.tools.scorers import worst_of


@recipe(
    "Helping or Herding",
    paper="arXiv 2312.09244",
    ideas=["judge"],
    needs=["scorer"],
    calls="n",
    departs="The ensemble is the plan's scorers; the paper's differ by the seed of their "
    "pretraining, which helps more than that of their fine-tuning.",
)
def pretrain_ensemble_bon(plan: Plan) -> SearchGraph:
    """Take the sample that the most sceptical reward model of an ensemble likes best."""
    samples = plan.samples or 8
    assert plan.scorer
    scorers = (plan.scorer,) if callable(plan.scorer) else plan.scorer
    return replace(plan, scorer=worst_of(*scorers)).search(
        "pretrain-ensemble-bon",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        select=best_of(),
    )
