"""MCTS-DPO: tree search that blends the outcome with the model's evaluation of its steps."""

from refinegraph.agents import StepJudge, continue_from, line, rest
from refinegraph.graphs.policies import finishing, is_complete, uct
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.tools.scorers import agreement, execution, first_of, mean_of


@recipe(
    "MCTS-DPO (iterative preference learning)",
    paper="arXiv 2405.00451",
    ideas=["search", "judge"],
    calls="2 n",
    departs="Without reference answers, the outcome comes from tests or agreement; the paper "
    "trains on the preferences between siblings.",
)
def mcts_dpo(plan: Plan) -> SearchGraph:
    """Search over steps by the outcome of finished paths and the self-evaluation of steps."""
    outcome = first_of(execution(), agreement())
    return plan.search(
        "mcts-dpo",
        operators={
            "step": continue_from(plan.model, step=line(), on_missing_prefix="ask"),
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(
            uct(
                "step",
                root="step",
                roots=2,
                width=2,
                done=is_complete,
                max_candidates=plan.samples or 24,
            ),
            "finish",
        ),
        scorer=mean_of(outcome, StepJudge(plan.model)),
        select=best_of(),
    )
