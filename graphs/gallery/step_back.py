"""Step-Back Prompting."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.strategies import Plan, recipe

ABSTRACT = """$problem

What general principles, definitions or facts does this problem rest on? State them. Do not \
solve it."""
REASON = """$problem

Principles:
$note

Reason from these principles. $answer_format"""


@recipe("Step-Back Prompting", paper="arXiv 2310.06117", ideas=["decompose"], calls="1 + n")
def step_back(plan: Plan) -> SearchGraph:
    """Ask for the principles behind a problem first, then reason from them."""
    principles = prompted(plan.model, ABSTRACT, makes="note").named("step_back")
    return plan.search(
        "step-back",
        operators={"solve": principles >> prompted(plan.model, REASON)},
        policy=schedule(move("solve", count=plan.samples or 1)),
    )
