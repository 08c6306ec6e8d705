"""PyCapsule: a programmer and an executor without intermediaries."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

FIX = """$problem

Your last program:
$solution

What the executor reports:
$evidence

Find the cause and write the whole program again. $answer_format"""


@recipe(
    "PyCapsule",
    paper="arXiv 2502.02928",
    ideas=["check", "repair"],
    calls="1 + r at most",
)
def pycapsule(plan: Plan) -> SearchGraph:
    """Return the errors of a run directly to the programmer, at most five times."""
    rounds = 5 if plan.rounds is None else plan.rounds
    return plan.search(
        "pycapsule",
        operators={
            "write": plan.solver(samples=1, temperature=0.0),
            "fix": prompted(plan.refiner_model or plan.model, FIX),
        },
        policy=schedule(move("write"), *[from_all("fix")] * rounds),
        select=latest(),
    )
