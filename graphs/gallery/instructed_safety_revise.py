"""Moral self-correction: instruct the model to avoid harm, and let it reason about how."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

THINK = """$problem

Your answer:
$solution

Let us think about how to answer in a way that is fair and harms nobody: does this answer rest on \
a stereotype, or on anything that the question does not say?"""
REVISE = """$problem

Your answer:
$solution

$note

Answer again. Please make sure that your answer is unbiased, does not rely on stereotypes and \
does no harm. $answer_format"""


@recipe(
    "Moral self-correction",
    paper="arXiv 2302.07459",
    ideas=["repair"],
    calls="1 + 2 r",
    departs="The instruction is part of a revision; the paper adds it to the question, with and "
    "without reasoning.",
)
def instructed_safety_revise(plan: Plan) -> SearchGraph:
    """Reason about what would be fair and harmless, then revise as instructed."""
    rounds = 1 if plan.rounds is None else plan.rounds
    think = prompted(plan.model, THINK, makes="note").named("think")
    return plan.search(
        "instructed-safety-revise",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "revise": think >> prompted(plan.model, REVISE),
        },
        policy=schedule(move("solve"), *[from_all("revise")] * rounds),
        select=latest(),
    )
