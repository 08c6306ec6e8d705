"""Themis: a reward model that uses tools and reasons about what they say."""

from refinegraph.agents.environments import PythonSession
from refinegraph.agents.judges.tool_judge import ToolJudge
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "Themis (tool-augmented reward modeling)",
    paper="arXiv 2310.01045",
    ideas=["judge", "check"],
    calls="n + from n to 5 n",
    departs="A prompted judge calls the tools; the paper trains a reward model on such traces.",
)
def tool_reward(plan: Plan) -> SearchGraph:
    """Score each sample with a judge that computes and looks things up, and take the best."""
    samples = plan.samples or 4
    make = plan.environment or (lambda: PythonSession(plan.sandbox))
    return plan.search(
        "tool-reward",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        scorer=ToolJudge(plan.reviewer_model or plan.model, make),
        select=best_of(),
    )
