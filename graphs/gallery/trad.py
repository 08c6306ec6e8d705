"""TRAD: retrieve demonstrations of steps by the thought behind the next step."""

from refinegraph.agents import prompted
from refinegraph.agents.environments import act
from refinegraph.agents.memory import recall, with_notes
from refinegraph.graphs.policies import from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

THINK = """$problem

The episode so far:
$solutions

What has to be done next, and why? Answer in one sentence, without acting."""


@recipe(
    "TRAD",
    paper="arXiv 2403.06221",
    ideas=["remember"],
    needs=["environment", "memory"],
    calls="2 for every action",
    departs="A note in the memory contains a step with its neighbours; the paper looks them up.",
)
def trad(plan: Plan) -> SearchGraph:
    """Think, retrieve demonstrations of steps by that thought, then act on them."""
    assert plan.environment
    assert plan.memory
    think = prompted(plan.model, THINK, makes="note", kind="episode").named("think")
    demonstrations = recall(plan.memory, k=2, query=lambda task: task.notes[-1].text)
    step = with_notes(
        act(plan.model, plan.environment), heading="Steps like the next one:", limit=3
    )
    return plan.search(
        "trad",
        operators={"act": think >> demonstrations >> step},
        policy=schedule(move("act"), *[from_unfinished("act")] * ((plan.samples or 10) - 1)),
        select=latest(),
    )
