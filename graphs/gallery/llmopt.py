"""LLMOPT: five elements, a program for a solver, and correction from its output."""

from refinegraph.agents import approved, prompted, run_code
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

FORMULATE = """$problem

State this as an optimisation problem by its five elements: sets, parameters, variables, \
objective, constraints."""
PROGRAM = """$problem

The five elements:
$note

Write a Python program in a fenced block that solves it by the standard library alone and prints \
the answer, then say what it should print. $answer_format"""
CHECK = """$problem

$solution

Running the program printed:
$note

Is the formulation right, and does the output answer the problem? End with `VERDICT: right` or \
`VERDICT: wrong`."""
CORRECT = """$problem

$solution

Running the program printed:
$note

$reviews

Correct formulation or program where they are wrong, and state the answer that the program \
prints. $answer_format"""


@recipe(
    "LLMOPT",
    paper="arXiv 2410.13213",
    ideas=["decompose", "check", "repair"],
    calls="2 + 2 r",
    departs="Programs use the standard library instead of a solver; the paper fine-tunes and "
    "aligns the model on formulations.",
)
def llmopt(plan: Plan) -> SearchGraph:
    """Formulate five elements, solve with a program, and correct both from its output."""
    rounds = 2 if plan.rounds is None else plan.rounds
    formulate = prompted(plan.model, FORMULATE, makes="note").named("formulate")
    check = prompted(plan.reviewer_model or plan.model, CHECK, makes="reviews")
    correct = prompted(plan.refiner_model or plan.model, CORRECT)
    return plan.search(
        "llmopt",
        operators={
            "solve": formulate >> prompted(plan.model, PROGRAM),
            "correct": run_code(plan.sandbox) >> check >> correct.unless(approved()),
        },
        policy=schedule(move("solve"), *[from_each("correct")] * rounds),
        select=latest(),
    )
