"""Self-backtracking: the model itself decides when to undo its last steps."""

from refinegraph.agents import continue_from, line, rest
from refinegraph.graphs.policies import finishing, last_wave, move
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import majority_vote
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

BACKTRACK = "<backtrack>"
ASK = f"""Reason in short steps, one a line. Where the steps so far cannot lead to the answer, \
write {BACKTRACK} instead of a next step: the last step is then taken back."""


@recipe(
    "Self-backtracking",
    paper="arXiv 2502.04404",
    ideas=["search", "vote"],
    calls="n for every step",
    departs="The prompt requests the marker; the paper trains the model to write it.",
)
def self_backtracking(plan: Plan) -> SearchGraph:
    """Expand several paths, backtrack when the model asks for it, and vote."""
    paths, turns = plan.samples or 4, 16 if plan.rounds is None else plan.rounds
    step = continue_from(plan.model, step=line(), on_missing_prefix="ask")
    return plan.search(
        "self-backtracking",
        operators={
            "step": step,
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(
            lambda state: advance(state, paths) if len(state.decisions) < turns else [], "finish"
        ),
        select=majority_vote(),
    )


def advance(state: RefinementState, paths: int) -> list[Move]:
    """Continue every path; backtrack by removing the marker and the step before it."""
    if not state.candidates:
        return [move("step", count=paths, instruction=ASK)]
    moves: list[Move] = []
    for path in last_wave(state):
        back = path.text.rstrip().endswith(BACKTRACK)
        keep = max(0, len(path.steps) - 2) if back else None
        if back or not path.complete:
            moves.append(move("step", path, keep=keep, instruction=ASK))
    return moves
