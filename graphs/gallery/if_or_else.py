"""If-or-Else prompting."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

REVISE = """$problem

Your solution:
$solution

If you are very confident about it, repeat it unchanged. Otherwise write a better one. \
$answer_format"""


@recipe("If-or-Else (IoE)", paper="arXiv 2402.12563", ideas=["repair"], calls="1 + r")
def if_or_else(plan: Plan) -> SearchGraph:
    """Keep a solution if the model is confident, otherwise revise it."""
    rounds = 1 if plan.rounds is None else plan.rounds
    return plan.search(
        "if-or-else",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "revise": prompted(plan.model, REVISE),
        },
        policy=schedule(move("solve"), *[from_all("revise")] * rounds),
        select=latest(),
    )
