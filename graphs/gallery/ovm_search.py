"""OVM: the value of an unfinished path, learned from outcomes, guides the search."""

from refinegraph.agents import continue_from, line
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "OVM (outcome-supervised value model)",
    paper="arXiv 2311.09724",
    ideas=["search", "judge"],
    needs=["scorer"],
    calls="n for every step",
    departs="Requires an outcome reward model as value; the paper trains one on unfinished paths.",
)
def ovm_search(plan: Plan) -> SearchGraph:
    """Write several next steps of every path and keep the most promising ones."""
    width = plan.samples or 8
    return plan.search(
        "ovm-search",
        operators={"step": continue_from(plan.model, step=line(), on_missing_prefix="ask")},
        policy=beam("step", keep=max(1, width // 4), width=4, roots=width),
        select=best_of(),
    )
