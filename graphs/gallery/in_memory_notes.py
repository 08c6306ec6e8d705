"""In-Memory Learning: notes are induced from experience and revised repeatedly."""

from refinegraph.agents import prompted
from refinegraph.agents.memory import recall, remember, with_notes
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

INDUCE = """$problem

$solution

$evidence

What does this experience teach about problems of this kind? Write it as one note."""
REVISE = """Notes so far:
$notes

Write them anew as one note: join what belongs together, correct what the newest contradicts, \
leave out what holds for one case alone."""


@recipe(
    "In-Memory Learning",
    paper="arXiv 2403.02757",
    ideas=["remember"],
    needs=["memory"],
    calls="3",
    departs="Older notes stay in the memory together with their revision, which ranks higher.",
)
def in_memory_notes(plan: Plan) -> SearchGraph:
    """Solve with the notes of earlier problems, induce a new one, and revise them together."""
    assert plan.memory
    induce = prompted(plan.model, INDUCE, makes="note").named("induce")
    revise = remember(plan.memory, prompted(plan.model, REVISE, makes="note")).named("revise")
    solver = with_notes(plan.solver(samples=1, temperature=0.0), heading="From experience:")
    return plan.search(
        "in-memory-notes",
        operators={"solve": recall(plan.memory) >> solver >> induce >> revise},
        policy=schedule(move("solve")),
        select=latest(),
    )
