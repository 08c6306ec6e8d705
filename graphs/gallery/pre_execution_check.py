"""LLMPA: decompose the instruction, predict an action, and check it before it is executed."""

from refinegraph.agents import prompted
from refinegraph.agents.environments import act
from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import from_unfinished, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.strategies import Plan, recipe

DECOMPOSE = """$problem

Write the steps that this instruction asks for, one a line as `1. ...`. Do not carry them out."""
PREDICT = """$problem

The episode so far, where there is one:
$solutions

The steps, and what was checked before:
$notes

Which single action comes next?"""
CHECK = """$problem

The episode so far, where there is one:
$solutions

This action is about to be executed:
$note

Does it exist, does it fit what the episode shows, and does it do no more than the instruction \
asks for? Answer with the action that is to be executed, corrected where it has to be."""


@recipe(
    "LLMPA (process automation)",
    paper="arXiv 2312.06677",
    ideas=["decompose", "check"],
    needs=["environment"],
    calls="1 + 3 for every action",
    departs="Actions are texts; the paper reads screens and uses separate detectors before "
    "execution.",
)
def pre_execution_check(plan: Plan) -> SearchGraph:
    """Decompose the instruction, and check every predicted action before it is executed."""
    assert plan.environment
    decompose = prompted(plan.model, DECOMPOSE, makes="note").named("decompose")
    predict = prompted(plan.model, PREDICT, makes="note").named("predict")
    check = prompted(plan.reviewer_model or plan.model, CHECK, makes="note").named("check")
    step = act(plan.model, plan.environment)
    checked = predict >> check >> with_notes(step, heading="Execute this action:", limit=1)
    return plan.search(
        "pre-execution-check",
        operators={"begin": decompose >> checked, "act": checked},
        policy=schedule(move("begin"), *[from_unfinished("act")] * 9),
        select=latest(),
    )
