"""FactTrack: facts are valid for a time, and new events are checked against them."""

from refinegraph.agents import continue_from, paragraph, prompted, rest
from refinegraph.graphs.policies import finishing, move, schedule
from refinegraph.graphs.policies.base import approved_ids
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

CHECK = """$problem

The story so far, with its newest event at the end:
$solution

What held and still holds before that event:
$notes

Which facts does the newest event presuppose, and does any of what holds contradict them? End with \
`VERDICT: right` if nothing does, else with `VERDICT: wrong`."""
RECORD = """$solution

After the newest event above, which facts hold from now on, and which of these have ended?
$notes

List both as `1. ...`, with `from event n on` or `until event n` behind each."""
AGAIN = "Write the next event so that nothing contradicts it: {0}"


@recipe(
    "FactTrack",
    paper="arXiv 2407.16347",
    ideas=["check", "remember"],
    calls="from 3 to 5 for every event",
    departs="The model says how long a fact is valid; the paper computes it from a timeline.",
)
def facttrack(plan: Plan) -> SearchGraph:
    """Check each event against the facts of its time, then rewrite it or update the facts."""
    event = continue_from(plan.model, step=paragraph(), on_missing_prefix="ask")
    check = prompted(plan.reviewer_model or plan.model, CHECK, makes="reviews").named("check")
    record = prompted(plan.model, RECORD, makes="notes", kind="fact").named("record")
    return plan.search(
        "facttrack",
        operators={
            "event": event >> check,
            "next": record >> event >> check,
            "finish": continue_from(plan.model, step=rest(), on_missing_prefix="ask"),
        },
        policy=finishing(schedule(*[again_or_on] * (plan.samples or 12)), "finish"),
        select=latest(),
    )


def again_or_on(state: RefinementState) -> list[Move]:
    """Rewrite a contradicted event; otherwise record the facts and write the next event."""
    if not state.candidates:
        return [move("event")]
    newest = state.candidates[-1]
    again = any(other.parents == newest.parents for other in state.candidates[:-1])
    if newest.id not in approved_ids(state) and not again:
        return [move("event", *newest.parents, instruction=AGAIN.format(state.reviews[-1].text))]
    return [] if newest.complete else [move("next", newest)]
