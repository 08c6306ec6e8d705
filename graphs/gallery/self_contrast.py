"""Self-Contrast."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

PERSPECTIVES = (
    "Solve it step by step, from what is given to what is asked.",
    "Solve it backwards, from what is asked to what is given.",
    "Solve it as a sceptic who tries small and extreme cases first.",
    "Solve it by the shortest way that you can justify.",
)
CONTRAST = """$problem

$solutions

Where do these solutions differ, and why? Write a checklist of what has to be decided."""
REVISE = """$problem

$solutions

Checklist:
$note

Go through the checklist, then solve the problem. $answer_format"""


@recipe(
    "Self-Contrast",
    paper="arXiv 2401.02009",
    ideas=["judge", "repair"],
    calls="n + 2",
    departs="The perspectives are fixed; in the paper the model proposes them for each problem.",
)
def self_contrast(plan: Plan) -> SearchGraph:
    """Solve from several perspectives, turn the differences into a checklist, revise by it."""
    wanted = min(plan.samples or 3, len(PERSPECTIVES))
    views = [move("solve", instruction=view) for view in PERSPECTIVES[:wanted]]
    contrast = prompted(plan.model, CONTRAST, makes="note").named("contrast")
    return plan.search(
        "self-contrast",
        operators={
            "solve": plan.solver(samples=1, temperature=0.7),
            "revise": contrast >> prompted(plan.model, REVISE),
        },
        policy=schedule(views, from_all("revise")),
        select=latest(),
    )
