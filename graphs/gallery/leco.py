"""LeCo: learning from correctness."""

from refinegraph.agents import StepJudge, continue_from, rest, trusted_steps
from refinegraph.graphs.policies import last_wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move


@recipe(
    "LeCo (learning from correctness)",
    paper="arXiv 2403.19094",
    ideas=["repair", "search"],
    calls="2 (1 + r)",
    departs="By default, a judge scores the steps; the paper derives the scores from the logits. "
    "Finished programs have no steps and stay as they are.",
)
def leco(plan: Plan) -> SearchGraph:
    """Keep the steps before the first doubtful one and rewrite the rest."""
    rounds = 2 if plan.rounds is None else plan.rounds
    return plan.search(
        "leco",
        operators={
            "solve": plan.solver(samples=1, temperature=0.7),
            "rewrite": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=schedule(move("solve"), *[from_first_doubt] * rounds),
        scorer=StepJudge(plan.reviewer_model or plan.model),
        select=latest(),
    )


def from_first_doubt(state: RefinementState) -> list[Move]:
    """Rewrite the newest solution from its first doubtful step; stop if there is none."""
    return [
        move("rewrite", candidate, keep=trusted_steps(candidate))
        for candidate in last_wave(state)
        if trusted_steps(candidate) < len(candidate.steps)
    ]
