"""ToolMaker: explore a repository, write a tool for it, and fix the tool until it works."""

from refinegraph.agents import approved, prompted
from refinegraph.agents.environments import act
from refinegraph.graphs.policies import from_all, from_each, from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

SUM_UP = """$problem

$solution

Sum up what was installed and found out, as far as the tool needs it."""
WRITE = """$problem

What is known of the environment:
$note

Write the tool as one program. $answer_format"""
DIAGNOSE = """$problem

$solution

$evidence

Diagnose the failure: what is its cause, and what has to change? End with `VERDICT: right` or \
`VERDICT: wrong`."""


@recipe(
    "ToolMaker",
    paper="arXiv 2502.11705",
    ideas=["check", "repair", "decompose"],
    needs=["environment"],
    calls="the number of actions + 2 + 2 r",
)
def toolmaker(plan: Plan) -> SearchGraph:
    """Set up the environment, write the tool, diagnose and fix it in a closed loop."""
    assert plan.environment
    rounds, actions = 3 if plan.rounds is None else plan.rounds, plan.samples or 10
    sum_up = prompted(plan.model, SUM_UP, makes="note").named("sum_up")
    diagnose = prompted(plan.model, DIAGNOSE, makes="reviews").named("diagnose")
    return plan.search(
        "toolmaker",
        operators={
            "explore": act(plan.model, plan.environment),
            "write": sum_up >> prompted(plan.model, WRITE),
            "fix": diagnose >> plan.refiner().unless(approved()),
        },
        policy=schedule(
            move("explore"),
            *[from_unfinished("explore")] * (actions - 1),
            from_all("write"),
            *[from_each("fix")] * rounds,
        ),
        select=latest(),
    )
