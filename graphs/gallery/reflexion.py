"""Reflexion."""

from refinegraph.agents import prompted
from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

REFLECT = """$problem

The last attempt:
$solution

$evidence

In two sentences: what went wrong, and what should be done differently next time?"""


@recipe(
    "Reflexion",
    paper="arXiv 2303.11366",
    ideas=["remember", "repair"],
    calls="1 + 2 r",
    departs="It stops at the first attempt that passes the visible tests, like the paper for code.",
)
def reflexion(plan: Plan) -> SearchGraph:
    """Reflect on a failed attempt, then try again with all reflections in the prompt."""
    rounds = 3 if plan.rounds is None else plan.rounds
    reflect = prompted(plan.model, REFLECT, makes="note").named("reflect")
    solver = plan.solver(samples=1, temperature=0.7)
    retry = reflect >> with_notes(solver, heading="What you learnt from earlier attempts:")
    return plan.search(
        "reflexion",
        operators={"solve": solver, "retry": retry},
        policy=schedule(move("solve"), *[from_all("retry")] * rounds),
        select=best_of(),
    )
