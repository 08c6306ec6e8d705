"""PAG: the model verifies its answer and revises it only after finding an error."""

from refinegraph.agents import approved, prompted
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

VERIFY = """$problem

$solution

Check the solution step by step. End with `VERDICT: right` or `VERDICT: wrong`."""


@recipe(
    "PAG (policy as generative verifier)",
    paper="arXiv 2506.10406",
    ideas=["check", "repair"],
    calls="1 + 2 r",
    departs="Works with any model; the paper trains it in both roles.",
)
def verify_then_revise(plan: Plan) -> SearchGraph:
    """Verify an answer with the same model and revise it only if an error was found."""
    rounds = 2 if plan.rounds is None else plan.rounds
    verify = prompted(plan.model, VERIFY, makes="reviews").named("verify")
    return plan.search(
        "verify-then-revise",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "revise": verify >> plan.refiner().unless(approved()),
        },
        policy=schedule(move("solve"), *[from_each("revise")] * rounds),
        select=latest(),
    )
