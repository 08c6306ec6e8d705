"""Feedback friction: retries with rising temperature and a list of rejected answers."""

from refinegraph.agents import Refiner
from refinegraph.agents.models import Sampling
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

WARMER = 0.25
"""What every retry adds to the temperature, as far as 1.0 in the default number of retries."""


@recipe(
    "Feedback Friction",
    paper="arXiv 2506.11930",
    ideas=["repair"],
    calls="1 + 2 r",
    departs="The feedback is the Reviewer's; the paper's comes from a model that knows the answer.",
)
def reject_list_retry(plan: Plan) -> SearchGraph:
    """Retry with feedback at rising temperature, listing all earlier answers as rejected."""
    retries = range(1, 1 + (4 if plan.rounds is None else plan.rounds))
    model = plan.refiner_model or plan.model
    refiners = {
        f"retry{number}": Refiner(
            model,
            sampling=Sampling(temperature=WARMER * number, max_tokens=plan.max_tokens),
            max_rejected_shown=len(retries),
            prompts=plan.prompts,
        )
        for number in retries
    }
    return plan.search(
        "reject-list-retry",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            **{name: plan.reviewer() >> refiner for name, refiner in refiners.items()},
        },
        policy=schedule(move("solve"), *map(from_each, refiners)),
        select=latest(),
    )
