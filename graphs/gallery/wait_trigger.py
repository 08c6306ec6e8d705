"""The "Wait" trigger of the Self-Correction Bench."""

from refinegraph.agents import continue_from, rest
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe


@recipe(
    'The "Wait" trigger',
    paper="arXiv 2507.02778",
    ideas=["repair"],
    calls="1 + r",
    departs="A model without prefix support is shown its text and asked to continue it.",
)
def wait_trigger(plan: Plan) -> SearchGraph:
    """Append "Wait" to the model's own answer, which triggers self-correction."""
    rounds = 1 if plan.rounds is None else plan.rounds
    wait = continue_from(plan.model, step=rest(joiner=""), cue="\nWait", on_missing_prefix="ask")
    return plan.search(
        "wait-trigger",
        operators={"solve": plan.solver(samples=1, temperature=0.0), "wait": wait},
        policy=schedule(move("solve"), *[from_all("wait")] * rounds),
        select=latest(),
    )
