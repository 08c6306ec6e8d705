"""EVOLVE: a chain of refinements, from which the reward model selects the best."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe

REFINE = """$problem

Below is an answer to the question above. Refine it into a better one.
$solution

$answer_format"""


@recipe(
    "EVOLVE",
    paper="arXiv 2502.05605",
    ideas=["repair", "judge"],
    needs=["scorer"],
    calls="1 + r",
    departs="The paper turns the ranked chain into preferences and trains on them, round by round.",
)
def evolve_refinement(plan: Plan) -> SearchGraph:
    """Refine an answer repeatedly and take the one with the highest reward."""
    rounds = 4 if plan.rounds is None else plan.rounds
    return plan.search(
        "evolve-refinement",
        operators={
            "solve": plan.solver(samples=1, temperature=0.7),
            "refine": prompted(plan.refiner_model or plan.model, REFINE),
        },
        policy=schedule(move("solve"), *[from_all("refine")] * rounds),
        select=best_of(),
    )
