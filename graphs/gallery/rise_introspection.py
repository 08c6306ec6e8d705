"""Recursive introspection."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import last_wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import majority_vote
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

RETRY = """$problem

Earlier attempts, the last one first:
$solutions

They may be wrong. Reflect on where, and solve the problem again. $answer_format"""


@recipe(
    "RISE (recursive introspection)",
    paper="arXiv 2407.18219",
    ideas=["repair", "vote"],
    calls="1 + r",
    departs="Works with any model; the paper trains it to improve over turns.",
)
def rise_introspection(plan: Plan) -> SearchGraph:
    """Try again with all earlier attempts in the prompt, then vote over the attempts."""
    rounds = 4 if plan.rounds is None else plan.rounds
    return plan.search(
        "rise-introspection",
        operators={
            "solve": plan.solver(samples=1, temperature=0.7),
            "retry": prompted(plan.model, RETRY),
        },
        policy=schedule(move("solve"), *[with_all_attempts] * rounds),
        select=majority_vote(),
    )


def with_all_attempts(state: RefinementState) -> list[Move]:
    """Retry with every attempt so far as a parent, the last one first."""
    return [move("retry", *reversed(state.candidates))] if last_wave(state) else []
