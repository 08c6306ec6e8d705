"""Monte Carlo tree self-refine."""

from refinegraph.agents import Judge
from refinegraph.graphs.policies import uct
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "MCT Self-Refine (MCTSr)",
    paper="arXiv 2406.07394",
    ideas=["search", "repair", "judge"],
    calls="3 n + 1",
    departs="The judge scores each answer once; the paper samples each reward several times.",
)
def mcts_self_refine(plan: Plan) -> SearchGraph:
    """Search a tree whose moves review and rewrite an answer, guided by the model's own scores."""
    return plan.search(
        "mcts-self-refine",
        operators={
            "solve": plan.solver(samples=1, temperature=0.7),
            "refine": plan.reviewer() >> plan.refiner(),
        },
        policy=uct("refine", value="best_child", max_candidates=plan.samples or 8),
        scorer=Judge(plan.reviewer_model or plan.model),
        select=best_of(),
    )
