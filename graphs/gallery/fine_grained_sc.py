"""Fine-grained self-consistency."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

MERGE = """$problem

$solutions

Write one solution out of what most of these have in common, segment by segment. Leave out what \
stands in one of them alone. $answer_format"""


@recipe("Fine-Grained Self-Consistency", paper="arXiv 2407.02056", ideas=["vote"], calls="n + 1")
def fine_grained_sc(plan: Plan) -> SearchGraph:
    """Merge the segments that sampled solutions have in common into one solution."""
    samples = plan.samples or 5
    return plan.search(
        "fine-grained-sc",
        operators={
            "solve": plan.solver(samples=samples, temperature=0.8),
            "merge": prompted(plan.model, MERGE),
        },
        policy=schedule(move("solve", count=samples), from_all("merge")),
        select=latest(),
    )
