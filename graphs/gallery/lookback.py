"""LookBack: verify every claim of a solution against the source, then correct."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

CLAIMS = """$solution

List every atomic piece of information that this solution takes from the problem, each as a \
question on a line of its own, as `1. ...`. Do not answer them."""
LOOK = """$problem

Answer these questions by looking at the problem again, and at nothing else:
$note"""
CRITICISE = """$problem

$solution

What the problem really says:
$note

Does the solution agree with this in every step? Name each step that does not. End with \
`VERDICT: right` or `VERDICT: wrong`."""


@recipe(
    "VISCO: LookBack",
    paper="arXiv 2412.02172",
    ideas=["check", "decompose", "repair"],
    calls="1 + 4 r",
    departs="The source is the statement; in the paper it is an image that the model inspects "
    "again.",
)
def lookback(plan: Plan) -> SearchGraph:
    """List a solution's claims about the source, look each one up, criticise, and correct."""
    rounds = 1 if plan.rounds is None else plan.rounds
    judge = plan.reviewer_model or plan.model
    claims = prompted(judge, CLAIMS, makes="note").named("claims")
    look = prompted(judge, LOOK, makes="note").named("look_back")
    criticise = prompted(judge, CRITICISE, makes="reviews")
    return plan.search(
        "lookback",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "correct": claims >> look >> criticise >> plan.refiner(),
        },
        policy=schedule(move("solve"), *[from_each("correct")] * rounds),
        select=latest(),
    )
