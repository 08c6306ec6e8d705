"""Learning from peers."""

from refinegraph.agents import continue_from, paragraph, prompted
from refinegraph.graphs.policies import each_with_others, from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import leaves, majority_vote
from refinegraph.graphs.strategies import Plan, recipe

SHARE = """$problem

Your solution so far:
$solution

What your peers have so far:
$others

Take over what is better there than yours, and solve the problem to its end. $answer_format"""


@recipe(
    "LeaP (learning from peers)",
    paper="arXiv 2505.07787",
    ideas=["vote"],
    calls="n (2 + r)",
    departs="Complete paths are shared after their first steps; the paper routes short summaries.",
)
def leap_peers(plan: Plan) -> SearchGraph:
    """Begin several paths, let each read those of its peers, finish and vote."""
    paths, rounds = plan.samples or 4, 1 if plan.rounds is None else plan.rounds
    step = continue_from(plan.model, step=paragraph(), on_missing_prefix="ask")
    return plan.search(
        "leap-peers",
        operators={"begin": step, "step": step, "share": prompted(plan.model, SHARE)},
        policy=schedule(
            move("begin", count=paths), from_each("step"), *[each_with_others("share")] * rounds
        ),
        select=leaves(majority_vote()),
    )
