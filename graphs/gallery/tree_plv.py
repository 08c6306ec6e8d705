"""Tree-PLV: best-first reasoning trees, ranked by a preference verifier."""

from refinegraph.agents import PairwiseJudge, StepJudge, continue_from, line, rest
from refinegraph.graphs.judged_selection import knockout
from refinegraph.graphs.policies import best_first, finishing, is_complete
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "Tree-PLV",
    paper="arXiv 2407.00390",
    ideas=["search", "judge"],
    calls="2 n, and 2 for every pair of different answers",
    departs="A prompted judge compares pairs of paths; the paper trains a verifier on "
    "preferences between the branches of such trees.",
)
def tree_plv(plan: Plan) -> SearchGraph:
    """Grow a reasoning tree best first, then rank its finished paths by preference."""
    judge = plan.reviewer_model or plan.model
    return plan.search(
        "tree-plv",
        operators={
            "step": continue_from(plan.model, step=line(), on_missing_prefix="ask"),
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(
            best_first(
                "step", root="step", width=3, done=is_complete, max_candidates=plan.samples or 18
            ),
            "finish",
        ),
        scorer=StepJudge(judge),
        select=knockout(PairwiseJudge(judge)),
    )
