"""SelfGoal: a tree of subgoals grows while an agent acts, and its best ones guide it."""

from refinegraph.agents import prompted
from refinegraph.agents.environments import act
from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

GROW = """$problem

The episode so far:
$solutions

Subgoals so far:
$notes

Which of them matters most now? Break it into two or three finer subgoals, as `1. ...`."""
CHOOSE = """$problem

The episode so far:
$solutions

Subgoals:
$notes

Write down the two of them that help most with the next action, word for word."""


@recipe(
    "SelfGoal",
    paper="arXiv 2406.04784",
    ideas=["decompose"],
    needs=["environment"],
    calls="3 for every action",
    departs="The tree is represented by its list of subgoals; the paper prunes it by similarity.",
)
def selfgoal(plan: Plan) -> SearchGraph:
    """Extend the subgoals during the episode, choose the useful ones, act on them."""
    assert plan.environment
    grow = prompted(plan.model, GROW, makes="notes", kind="subproblem").named("grow")
    choose = prompted(plan.model, CHOOSE, makes="note").named("choose")
    guided = with_notes(act(plan.model, plan.environment), heading="Work towards:", limit=1)
    return plan.search(
        "selfgoal",
        operators={"act": grow >> choose >> guided},
        policy=schedule(move("act"), *[from_unfinished("act")] * ((plan.samples or 10) - 1)),
        select=latest(),
    )
