"""DROC: distil corrections into rules and retrieve them in new settings."""

from refinegraph.agents import approved, prompted
from refinegraph.agents.memory import recall, remember, with_notes
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

DISTIL = """$problem

A correction of the solution:
$reviews

Write the general rule behind it in one sentence, without any detail of this case."""


@recipe(
    "DROC",
    paper="arXiv 2311.10678",
    ideas=["remember", "repair"],
    needs=["memory"],
    calls="1 + 3 r",
    departs="The Reviewer corrects; with --ask refine, a person edits the corrections.",
)
def correction_memory(plan: Plan) -> SearchGraph:
    """Solve with the rules of earlier corrections, and distil each new correction into a rule."""
    assert plan.memory
    rounds = 1 if plan.rounds is None else plan.rounds
    distil = remember(plan.memory, prompted(plan.model, DISTIL, makes="note")).named("distil")
    repair = plan.refiner()
    solver = with_notes(plan.solver(samples=1, temperature=0.0), heading="Rules to follow:")
    return plan.search(
        "correction-memory",
        operators={
            "solve": recall(plan.memory) >> solver,
            "refine": plan.reviewer() >> distil.unless(approved()) >> repair.unless(approved()),
        },
        policy=schedule(move("solve"), *[from_each("refine")] * rounds),
        select=latest(),
    )
