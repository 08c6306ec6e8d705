"""Feedback friction: retries with rising temperature and a list of rejected answers."""

from refinegraph.agents import Refiner
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    "Feedback Friction",
    paper="arXiv 2506.11930",
    ideas=["repair"],
    calls="1 + 2 r",
    departs="The feedback is the Reviewer's; the paper's comes from a model that knows the answer.",
)
def reject_list_retry(plan: Plan) -> SearchGraph:
    """Retry with feedback at rising temperature, listing all earlier answers as rejected."""
    rounds = 4 if plan.rounds is None else plan.rounds
    refiner = Refiner(
        plan.refiner_model or plan.model,
        temperature_step=0.25,
        max_rejected_shown=rounds,
        prompts=plan.prompts,
    )
    return plan.search(
        "reject-list-retry",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "refine": plan.reviewer() >> refiner,
        },
        policy=schedule(move("solve"), *[from_each("refine")] * rounds),
        select=latest(),
    )
