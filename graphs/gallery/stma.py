"""STMA: plan and criticise with a memory of past events and of places."""

from refinegraph.agents import prompted
from refinegraph.agents.environments import act
from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

WHEN = "$problem\n\nThe episode so far:\n$solutions\n\nSum up in two sentences what happened when."
WHERE = """$problem

The episode so far:
$solutions

List what is known about what is where, as `- thing -> relation -> place`."""
PLAN = """$problem

What is known:
$notes

Plan the next two or three actions."""
CRITIC = """$problem

What is known, and last the plan:
$notes

Is the plan possible with what is known, safe, and on the way to the goal? Write the plan again, \
mended where it has to be."""


@recipe(
    "STMA (spatio-temporal memory agent)",
    paper="arXiv 2502.10177",
    ideas=["remember", "decompose", "repair"],
    needs=["environment"],
    calls="5 for every action",
)
def stma(plan: Plan) -> SearchGraph:
    """Before every action, summarise events and places, plan, and let a critic correct the plan."""
    assert plan.environment
    judge = plan.reviewer_model or plan.model
    when = prompted(plan.model, WHEN, makes="note", kind="episode").named("when")
    where = prompted(plan.model, WHERE, makes="notes", kind="fact").named("where")
    planner = prompted(plan.model, PLAN, makes="note").named("plan")
    critic = prompted(judge, CRITIC, makes="note").named("critic")
    guided = with_notes(act(plan.model, plan.environment), heading="The plan:", limit=1)
    return plan.search(
        "stma",
        operators={"act": when >> where >> planner >> critic >> guided},
        policy=schedule(move("act"), *[from_unfinished("act")] * ((plan.samples or 10) - 1)),
        select=latest(),
    )
