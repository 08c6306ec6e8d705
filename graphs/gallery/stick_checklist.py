"""TICK and STICK: a generated checklist scores candidates and drives refinement."""

from refinegraph.agents import ChecklistJudge, prompted
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

REVIEW = """$problem

$solution

Write a list of yes-or-no questions that a right solution has to pass, answer each for this \
solution, and say what has to change. End with `VERDICT: right` or `VERDICT: wrong`."""


@recipe(
    "TICK and STICK",
    paper="arXiv 2410.03608",
    ideas=["judge", "repair"],
    calls="n + 1 + (n + 2 n) r",
)
def stick_checklist(plan: Plan) -> SearchGraph:
    """Score with a checklist for the problem, refine the failed points, take the best."""
    samples, rounds = plan.samples or 3, 1 if plan.rounds is None else plan.rounds
    judge = plan.reviewer_model or plan.model
    review = prompted(judge, REVIEW, makes="reviews")
    return plan.search(
        "stick-checklist",
        operators={
            "solve": plan.solver(samples=samples, temperature=0.8),
            "refine": review >> plan.refiner(),
        },
        policy=schedule(move("solve", count=samples), *[from_each("refine")] * rounds),
        scorer=ChecklistJudge(judge),
        select=best_of(),
    )
