"""Explain why code fails, then repair it."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

EXPLAIN = """$problem

$solution

$evidence

Explain in a few sentences what the code does instead of what it should. Do not write code. End \
with `VERDICT: wrong`."""


@recipe(
    "LeDex: self-debug and explain",
    paper="arXiv 2405.18649",
    ideas=["repair", "check"],
    calls="n + 2 n r",
    departs="Works with any model; the paper trains it on explanations that led to a repair.",
)
def explain_then_repair(plan: Plan) -> SearchGraph:
    """Explain failing code, repair it with the explanation, let execution decide."""
    samples, rounds = plan.samples or 1, 2 if plan.rounds is None else plan.rounds
    explain = prompted(plan.reviewer_model or plan.model, EXPLAIN, makes="reviews")
    return plan.search(
        "explain-then-repair",
        operators={
            "solve": plan.solver(samples=samples, temperature=0.8 if samples > 1 else 0.0),
            "repair": explain.named("explain") >> plan.refiner(),
        },
        policy=schedule(move("solve", count=samples), *[from_each("repair")] * rounds),
        select=best_of(),
    )
