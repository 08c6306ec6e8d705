"""Learning to self-correct: a corrector improves the output of another model."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

CORRECT = """$problem

Draft:
$solution

$evidence

Correct the draft. Change no more than is wrong. $answer_format"""


@recipe(
    "Learning to Self-Correct",
    paper="arXiv 2211.00053",
    ideas=["repair"],
    calls="1 + r",
    departs="The corrector is --refiner-model, untrained; the paper trains one for the generator.",
)
def external_corrector(plan: Plan) -> SearchGraph:
    """Pass the generator's output repeatedly to a separate corrector."""
    rounds = 3 if plan.rounds is None else plan.rounds
    return plan.search(
        "external-corrector",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "correct": prompted(plan.refiner_model or plan.model, CORRECT),
        },
        policy=schedule(move("solve"), *[from_each("correct")] * rounds),
        select=latest(),
    )
