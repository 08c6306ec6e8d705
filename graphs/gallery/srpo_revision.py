"""SRPO: a policy that revises its own output, applied repeatedly."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

REVISE = """$problem

$solution

Revise this completion into one that a reader would prefer. Where nothing can be made better, \
write it unchanged. $answer_format"""


@recipe(
    "SRPO (self-improving robust preference optimisation)",
    paper="arXiv 2406.01660",
    ideas=["repair"],
    calls="1 + r",
    departs="The revision policy is prompted; the paper learns it and the generator together from "
    "a min-max objective.",
)
def srpo_revision(plan: Plan) -> SearchGraph:
    """Revise a completion several times without any feedback."""
    rounds = 4 if plan.rounds is None else plan.rounds
    return plan.search(
        "srpo-revision",
        operators={
            "solve": plan.solver(samples=1, temperature=0.7),
            "revise": prompted(plan.refiner_model or plan.model, REVISE),
        },
        policy=schedule(move("solve"), *[from_all("revise")] * rounds),
        select=latest(),
    )
