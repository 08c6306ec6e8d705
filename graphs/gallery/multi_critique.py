"""Several critics whose critiques are merged into one."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_each, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of, leaves
from refinegraph.graphs.strategies import Plan, recipe

CRITICS = ("the logic of every step", "the arithmetic and the cases left out", "what was asked for")
CRITIQUE = """$problem

$solution

Look only at {about}. Name each fault and how to mend it. End with `VERDICT: right` or \
`VERDICT: wrong`."""
MERGE = """$problem

$solution

Critiques:
$reviews

Solve the problem again as the critiques that hold demand. $answer_format"""


@recipe(
    "MultiCritique",
    paper="arXiv 2410.15287",
    ideas=["judge", "repair"],
    calls="n + 4 n r",
    departs="Critics differ in focus; the paper uses different models, and trains on the result.",
)
def multi_critique(plan: Plan) -> SearchGraph:
    """Let several critics examine different aspects, then repair with all critiques."""
    samples, rounds = plan.samples or 1, 1 if plan.rounds is None else plan.rounds
    judge = plan.reviewer_model or plan.model
    critics = [prompted(judge, CRITIQUE.format(about=a), makes="reviews") for a in CRITICS]
    panel = (critics[0] | critics[1] | critics[2]).named("critics")
    return plan.search(
        "multi-critique",
        operators={
            "solve": plan.solver(samples=samples, temperature=0.8 if samples > 1 else 0.0),
            "refine": panel >> prompted(plan.model, MERGE),
        },
        policy=schedule(move("solve", count=samples), *[from_each("refine")] * rounds),
        select=leaves(best_of()),
    )
