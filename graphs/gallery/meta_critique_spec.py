"""MetaSC: a meta-critic rewrites the critic's instructions between turns."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

CRITIQUE = """$problem

$solution

Criticise the answer with regard to its quality and safety. Look in particular for this:
$note

End with `VERDICT: right` or `VERDICT: wrong`."""
REVISE = """$problem

$solution

Critique:
$reviews

Write the answer again. $answer_format"""
SPECIFY = """$problem

The answer after a critique:
$solution

What the critic was told to look for: $note

In one sentence, tell the critic what to look for now, so that its next critique helps more."""


@recipe(
    "MetaSC",
    paper="arXiv 2502.07985",
    ideas=["repair", "judge"],
    calls="1 + 3 r",
)
def meta_critique_spec(plan: Plan) -> SearchGraph:
    """Criticise according to a specification, revise, and let a meta-critic rewrite it."""
    rounds, judge = 2 if plan.rounds is None else plan.rounds, plan.reviewer_model or plan.model
    critique = prompted(judge, CRITIQUE, makes="reviews").named("critique")
    specify = prompted(judge, SPECIFY, makes="note").named("specify")
    return plan.search(
        "meta-critique-spec",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "revise": critique >> prompted(plan.model, REVISE) >> specify,
        },
        policy=schedule(move("solve"), *[from_all("revise")] * rounds),
        select=latest(),
    )
