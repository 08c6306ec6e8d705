"""ProgCo: the model writes and runs a verification program, and refines both answers."""

from refinegraph.agents import approved, prompted
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

WRITE = """$problem

The verification program so far, if there is one:
$note

Write pseudo-code that verifies a solution of this problem step by step, or a better version of \
the one above."""
RUN = """$problem

$solution

Verification program:
$note

Run the program on this solution, line by line, and report every value. End with `VERDICT: right` \
or `VERDICT: wrong`."""
REFINE = """$problem

$solution

What the verification program reported:
$reviews

The report may be wrong as well: solve the problem again, compare, and keep what holds. \
$answer_format"""


@recipe(
    "ProgCo",
    paper="arXiv 2501.01264",
    ideas=["check", "repair"],
    calls="1 + 3 r at most",
)
def progco(plan: Plan) -> SearchGraph:
    """Let the model write and mentally run a verification program, and refine with the report."""
    rounds = 2 if plan.rounds is None else plan.rounds
    write = prompted(plan.model, WRITE, makes="note").named("write")
    run = prompted(plan.model, RUN, makes="reviews").named("run")
    return plan.search(
        "progco",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "refine": write >> run >> prompted(plan.model, REFINE).unless(approved()),
        },
        policy=schedule(move("solve"), *[from_each("refine")] * rounds),
        select=latest(),
    )
