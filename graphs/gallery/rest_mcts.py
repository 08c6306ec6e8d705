"""ReST-MCTS*: tree search over steps, valued by a process reward."""

from refinegraph.agents import continue_from, line, rest
from refinegraph.graphs.policies import finishing, is_complete, uct
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "ReST-MCTS*",
    paper="arXiv 2406.03816",
    ideas=["search", "judge"],
    needs=["scorer"],
    calls="n",
    departs="Requires a process reward; the paper infers it from the tree and retrains both.",
)
def rest_mcts(plan: Plan) -> SearchGraph:
    """Search over steps by the value of a path, updated by a process reward at each step."""
    return plan.search(
        "rest-mcts",
        operators={
            "step": continue_from(plan.model, step=line(), on_missing_prefix="ask"),
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(
            uct(
                "step",
                root="step",
                roots=3,
                width=3,
                value=lambda node: max([node.score, *(child.value for child in node.children)]),
                done=is_complete,
                max_candidates=plan.samples or 48,
            ),
            "finish",
        ),
        select=best_of(),
    )
