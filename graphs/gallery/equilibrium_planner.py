"""Equilibrium planner: refine a plan until it no longer changes, act, and refine it again."""

from refinegraph.agents import Draft, Task, prompted
from refinegraph.agents.models import Choice
from refinegraph.agents.operators.prompting import list_items
from refinegraph.graphs.policies import Wave, move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Move, Note

PLAN = """$problem

List the actions that lead to the goal, as `1. ...`, in the words that the environment knows."""
REFINE = """$problem

The plan so far:
$solution

What came of it:
$note

Write the plan again as `1. ...`, better where it has to be and otherwise unchanged."""


@recipe(
    "Equilibrium planning (sequence models)",
    paper="arXiv 2410.01440",
    ideas=["decompose", "repair"],
    needs=["environment"],
    calls="1 + k (1 + r), with k refinements until the plan is stable",
    departs="Works with any model; the paper trains it so that the plan is a fixed point.",
)
def equilibrium_planner(plan: Plan) -> SearchGraph:
    """Refine a plan to its fixed point, try it out, and refine it from the outcome."""
    rounds, make = 2 if plan.rounds is None else plan.rounds, plan.environment
    assert make

    async def play(task: Task) -> list[Draft | Note]:
        environment, text, seen = make(), task.parent.text, ""
        await environment.reset(task.problem)
        for action in list_items(text):
            shown = await environment.step(action)
            seen += f"{action}: {shown.text}\n"
            if shown.done:
                return [Draft(Choice(text=f"{text}\n{seen}The answer is {shown.answer}"))]
        return [Draft(Choice(text=text), complete=False), Note(text=seen, about=task.parent.id)]

    planner = prompted(plan.model, PLAN)
    course = [unless_done("refine"), *[until_stable] * 4, unless_done("play")]
    return plan.search(
        "equilibrium-planner",
        operators={"plan": planner, "refine": prompted(plan.model, REFINE), "play": play},
        policy=schedule(move("plan"), *course, *course * rounds),
        select=latest(),
    )


def unless_done(operator: str) -> Wave:
    """Return a wave for the newest candidate, without moves if it has reached the goal."""
    return lambda state: [move(operator, c) for c in state.candidates[-1:] if not reached(c)]


def until_stable(state: RefinementState) -> list[Move]:
    """Refine the newest plan, unless it equals the one before or has reached the goal."""
    before, newest = state.candidates[-2:]
    same = before.text.strip() == newest.text.strip()
    return [] if same or reached(newest) else [move("refine", newest)]


def reached(plan: Candidate) -> bool:
    """Return whether executing a plan reached the goal."""
    return plan.operator == "play" and plan.complete
