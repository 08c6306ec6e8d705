"""LLaMA-Berry: tree search over rewrites, ranked by pairwise preferences."""

from refinegraph.agents import PairwiseJudge, prompted
from refinegraph.graphs.policies import uct
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

REWRITE = """$problem

$solution

Critique:
$reviews

Rewrite the whole solution as the critique demands. $answer_format"""


@recipe(
    "LLaMA-Berry",
    paper="arXiv 2410.02884",
    ideas=["search", "judge", "repair"],
    calls="2 n + 2 for every pair compared",
    departs="Preferences come from a prompted judge; the paper trains a pairwise reward model.",
)
def llama_berry(plan: Plan) -> SearchGraph:
    """Search by critique and rewriting; a solution's value is its Borda count of wins."""
    return plan.search(
        "llama-berry",
        operators={
            "solve": plan.solver(samples=1, temperature=0.8),
            "rewrite": plan.reviewer() >> prompted(plan.model, REWRITE),
        },
        policy=uct("rewrite", value="best_child", roots=2, max_candidates=plan.samples or 8),
        scorer=PairwiseJudge(plan.reviewer_model or plan.model, ranking="win-rate"),
        select=best_of(),
    )
