"""Abstraction-of-Thought."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.strategies import Plan, recipe

OUTLINE = """$problem

Outline how to solve this in general terms: name the stages and what each hands to the next, \
without any number or detail of this case."""
FILL = """$problem

Outline:
$note

Fill in the outline for this case, stage by stage. $answer_format"""


@recipe(
    "Abstraction-of-Thought",
    paper="arXiv 2406.12442",
    ideas=["decompose"],
    calls="1 + n",
    departs="Uses prompts only; the paper fine-tunes a model on such reasoning.",
)
def abstraction_of_thought(plan: Plan) -> SearchGraph:
    """Outline the solution on an abstract level first, then fill in the concrete one."""
    outline = prompted(plan.model, OUTLINE, makes="note").named("outline")
    return plan.search(
        "abstraction-of-thought",
        operators={"solve": outline >> prompted(plan.model, FILL)},
        policy=schedule(move("solve", count=plan.samples or 1)),
    )
