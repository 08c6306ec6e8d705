"""Reflect, Retry, Reward: after a failure, a reflection, then one more attempt with it."""

from refinegraph.agents import Judge, prompted
from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move
from refinegraph.tools.scorers import execution, first_of

REFLECT = """You tried this task and failed:

$problem

$solution

$evidence

Reflect on what went wrong, in general terms that would help at any task of this kind. Do not \
solve it."""


@recipe(
    "Reflect, Retry, Reward",
    paper="arXiv 2505.24726",
    ideas=["repair"],
    calls="2, and 3 more after a failure; fewer if tests replace the judge",
    departs="Without tests, a judge decides what failed; the paper rewards the tokens of "
    "reflections that led to success.",
)
def reflect_retry(plan: Plan) -> SearchGraph:
    """If a check fails, reflect on the attempt and retry once."""
    solver = plan.solver(samples=1, temperature=0.7)
    reflect = prompted(plan.model, REFLECT, makes="note").named("reflect")
    retry = with_notes(solver, heading="From your reflection on a failed attempt:", limit=1)
    return plan.search(
        "reflect-retry",
        operators={"solve": solver, "retry": reflect >> retry},
        policy=schedule(move("solve"), after_failure),
        scorer=first_of(execution(), Judge(plan.reviewer_model or plan.model)),
        select=latest(),
    )


def after_failure(state: RefinementState) -> list[Move]:
    """Retry if the attempt failed."""
    return [move("retry", tried) for tried in state.candidates[-1:] if (tried.score or 0.0) < 0.5]
