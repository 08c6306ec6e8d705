"""ToolACE-R: refine until the model leaves its answer unchanged."""

from refinegraph.agents import prompted
from refinegraph.agents.models import Sampling
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

REFINE = """$problem

Your current answer:
$solution

Refine it where that makes it better. If it is right as it stands, repeat it unchanged. \
$answer_format"""


@recipe(
    "ToolACE-R",
    paper="arXiv 2504.01400",
    ideas=["repair"],
    calls="1 + r at most",
    departs="Works with any model; the paper trains it to refine tool calls and when to stop.",
)
def toolace_r(plan: Plan) -> SearchGraph:
    """Refine an answer without any feedback until the model repeats it unchanged."""
    rounds = 5 if plan.rounds is None else plan.rounds
    return plan.search(
        "toolace-r",
        operators={
            "solve": plan.solver(samples=1, temperature=0.0),
            "refine": prompted(plan.model, REFINE, sampling=Sampling(temperature=0.0)),
        },
        policy=schedule(move("solve"), *[until_unchanged] * rounds),
        select=latest(),
    )


def until_unchanged(state: RefinementState) -> list[Move]:
    """Refine the newest answer unless it repeats the previous one."""
    last = state.candidates[-2:]
    same = len(last) == 2 and last[0].content == last[1].content
    return [] if same else [move("refine", last[-1])]
