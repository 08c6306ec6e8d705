"""Early filtering of first steps."""

from refinegraph.agents import continue_from, line, rest
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import majority_vote
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "Lost at the Beginning of Reasoning",
    paper="arXiv 2506.22058",
    ideas=["search", "vote"],
    calls="n + n / 4",
    needs=["scorer"],
)
def first_step_filter(plan: Plan) -> SearchGraph:
    """Sample first steps, keep the quarter with the highest reward, finish those, vote."""
    samples = plan.samples or 8
    steps = continue_from(plan.model, step=line(), on_missing_prefix="ask")
    return plan.search(
        "first-step-filter",
        operators={
            "begin": steps,
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=schedule(
            move("begin", count=samples), from_each("finish", best=max(1, samples // 4))
        ),
        select=majority_vote(),
    )
