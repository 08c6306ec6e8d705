"""CodePlan: a plan of edits that grows by the edits that each one makes necessary."""

from refinegraph.agents import prompted
from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

PLAN = """$problem

List the edits that this asks for directly, as `1. ...`, without making them."""
EDIT = """$problem

The code so far:
$solutions

Make this edit and no other: $instruction

Write the whole code again. $answer_format"""
IMPACT = """$problem

The code after the last edit:
$solution

Edits that are planned already:
$notes

Which further places depend on what was changed and have to be edited too? List them as `1. ...`, \
or write NONE."""


@recipe(
    "CodePlan",
    paper="arXiv 2309.12499",
    ideas=["decompose", "check"],
    calls="1 + 2 for every edit",
    departs="The model says what an edit affects; the paper analyses the code's dependencies.",
)
def codeplan(plan: Plan) -> SearchGraph:
    """Make the planned edits in sequence, and add those that they make necessary."""
    edits = plan.rounds or 8
    listed = prompted(plan.model, PLAN, makes="notes", kind="subproblem")
    impact = prompted(plan.model, IMPACT, makes="notes", kind="subproblem").named("impact")
    return plan.search(
        "codeplan",
        operators={"plan": listed, "edit": prompted(plan.model, EDIT) >> impact},
        policy=schedule(move("plan"), *[next_edit] * edits),
        select=latest(),
    )


def next_edit(state: RefinementState) -> list[Move]:
    """Make the first planned edit that has not been made yet."""
    planned = [note.text for note in state.run_notes if note.text.strip() != "NONE"]
    to_do = list(dict.fromkeys(planned))[len(state.candidates) :]
    return [move("edit", *state.candidates[-1:], instruction=edit) for edit in to_do[:1]]
