"""AlphaMath: beam search over steps that run code, guided by a value model."""

from refinegraph.agents.environments import PythonSession, act
from refinegraph.graphs.policies import beam
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "AlphaMath",
    paper="arXiv 2405.03553",
    ideas=["search", "check"],
    needs=["scorer"],
    calls="n for every step",
    departs="Requires a value model; the paper learns it together with the policy by tree search.",
)
def alphamath(plan: Plan) -> SearchGraph:
    """Keep the partial solutions with the highest value, and run the code in every step."""
    make = plan.environment or (lambda: PythonSession(plan.sandbox))
    width = plan.samples or 6
    return plan.search(
        "alphamath",
        operators={"step": act(plan.model, make)},
        policy=beam("step", keep=max(1, width // 2), width=2),
        select=best_of(),
    )
