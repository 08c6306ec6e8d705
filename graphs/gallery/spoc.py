"""SPOC: solution and verification alternate in one text until a verification passes."""

from refinegraph.agents import continue_from, rest
from refinegraph.agents.operators import Operator
from refinegraph.graphs.policies import last_wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

VERIFY, AGAIN = "\n\nVerification: ", "\n\nNew solution: "
TURNS = f"""You solve a problem, then check the solution behind "{VERIFY.strip()}", ending with \
VERIFIED or REFUTED, then, where it was refuted, solve it another way behind "{AGAIN.strip()}". \
Write the next part alone."""


@recipe(
    "SPOC (spontaneous self-correction)",
    paper="arXiv 2506.06923",
    ideas=["repair", "check"],
    calls="2 + 2 r at most",
    departs="Each turn is requested with a marker; the paper trains the model to alternate by "
    "itself.",
)
def spoc(plan: Plan) -> SearchGraph:
    """Alternate solution and verification in one text until a solution is verified."""
    rounds = 2 if plan.rounds is None else plan.rounds

    def turn(cue: str) -> Operator:
        return continue_from(plan.model, step=rest(), cue=cue, on_missing_prefix="ask")

    again = turn(AGAIN) >> turn(VERIFY)
    return plan.search(
        "spoc",
        operators={"solve": turn("") >> turn(VERIFY), "again": again},
        policy=schedule(move("solve", instruction=TURNS), *[where_refuted] * rounds),
        select=latest(),
    )


def where_refuted(state: RefinementState) -> list[Move]:
    """Solve again after a refuting verification; otherwise keep the last text."""
    return [
        move("again", last, instruction=TURNS)
        for last in last_wave(state)
        if "REFUTED" in last.text.rpartition(VERIFY)[2]
    ]
