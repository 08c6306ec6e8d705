"""SR-NLE: criticise and refine the explanation of an unchanged answer."""

from refinegraph.agents import approved, prompted
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

CRITIQUE = """$problem

$solution

Which words of the problem decided the answer? Does the explanation name them, and does it give \
the true reasons for the answer? Say what has to change. End with `VERDICT: right` or `VERDICT: \
wrong`."""
REFINE = """$problem

$solution

Critique of the explanation:
$reviews

Keep the answer and explain it more faithfully. $answer_format"""


@recipe(
    "SR-NLE",
    paper="arXiv 2505.22823",
    ideas=["judge", "repair"],
    calls="1 + 2 r",
    departs="The model names the important words itself; the paper can also compute attributions.",
)
def sr_nle(plan: Plan) -> SearchGraph:
    """Criticise the faithfulness of an explanation by the important words, and refine it."""
    rounds = 2 if plan.rounds is None else plan.rounds
    critique = prompted(plan.reviewer_model or plan.model, CRITIQUE, makes="reviews")
    return plan.search(
        "sr-nle",
        operators={
            "explain": plan.solver(samples=1, temperature=0.0),
            "refine": critique >> prompted(plan.model, REFINE).unless(approved()),
        },
        policy=schedule(move("explain"), *[from_each("refine")] * rounds),
        select=latest(),
    )
