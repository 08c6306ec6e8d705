"""Backtracking to a located mistake."""

from refinegraph.agents import StepJudge, continue_from, rest, trusted_steps
from refinegraph.graphs.policies import last_wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move


@recipe(
    "BIG-Bench Mistake: backtracking",
    paper="arXiv 2311.08516",
    ideas=["repair", "judge"],
    calls="2 + 1 + n",
    departs="By default, a judge locates the mistake; the paper trains a classifier. Finished "
    "programs have no steps and stay as they are.",
)
def mistake_backtrack(plan: Plan) -> SearchGraph:
    """Locate the first mistake, sample other continuations from there, take the best."""
    return plan.search(
        "mistake-backtrack",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "go_on": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=schedule(move("solve"), lambda state: alternatives(state, plan.samples or 4)),
        scorer=StepJudge(plan.reviewer_model or plan.model),
        select=latest(),
    )


def alternatives(state: RefinementState, count: int) -> list[Move]:
    """Sample new continuations from the step before the first mistake, if there is one."""
    return [
        move("go_on", candidate, keep=trusted_steps(candidate), count=count)
        for candidate in last_wave(state)
        if trusted_steps(candidate) < len(candidate.steps)
    ]
