"""The "Wait" trigger of the Self-Correction Bench."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

WAIT = """$problem

$solution

Wait. Go on from here: check what stands above, and correct it if need be. $answer_format"""


@recipe(
    'The "Wait" trigger',
    paper="arXiv 2507.02778",
    ideas=["repair"],
    calls="1 + r",
    departs="The word stands in a new message; the paper appends it to the model's own text.",
)
def wait_trigger(plan: Plan) -> SearchGraph:
    """Put "Wait" behind the model's own answer, which wakes its habit of correcting itself."""
    rounds = 1 if plan.rounds is None else plan.rounds
    return plan.search(
        "wait-trigger",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "wait": prompted(plan.model, WAIT),
        },
        policy=schedule(move("solve"), *[from_all("wait")] * rounds),
        select=latest(),
    )
