"""Learning from previous mistakes: self-rethinking."""

from refinegraph.agents import prompted
from refinegraph.agents.memory import recall
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

RETHINK = """$problem

Your solution:
$solution

Mistakes that you made on problems like this one:
$notes

Does your solution make a mistake of one of these kinds? If so, write a corrected solution; if \
not, repeat it unchanged. $answer_format"""


@recipe(
    "CoTErrorSet: self-rethinking",
    paper="arXiv 2403.20046",
    ideas=["remember", "repair"],
    needs=["memory"],
    calls="1 + r",
    departs="The mistakes are those in the memory; the paper's come from its CoTErrorSet.",
)
def self_rethinking(plan: Plan) -> SearchGraph:
    """Recall the kinds of earlier mistakes and check the solution for each of them."""
    assert plan.memory
    rounds = 1 if plan.rounds is None else plan.rounds
    return plan.search(
        "self-rethinking",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "rethink": recall(plan.memory) >> prompted(plan.model, RETHINK),
        },
        policy=schedule(move("solve"), *[from_all("rethink")] * rounds),
        select=latest(),
    )
