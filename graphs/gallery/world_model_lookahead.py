"""WebEvolver: a world model imagines the result of each action before one is performed."""

from refinegraph.agents import Judge, prompted
from refinegraph.agents.environments import act
from refinegraph.graphs.policies import Wave, move, ranked, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import latest
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

IMAGINE = """$problem

The episode so far, where there is one:
$solutions

Propose the next action on a line `Action: ...`. Then imagine, as the world would show it, what it \
and one more action would lead to."""


@recipe(
    "WebEvolver: look-ahead with a world model",
    paper="arXiv 2504.21024",
    ideas=["search", "judge"],
    needs=["environment"],
    calls="(2 n + 2) for every action",
    departs="One prompt proposes and imagines; the paper trains a separate world model.",
)
def world_model_lookahead(plan: Plan) -> SearchGraph:
    """Imagine the results of several actions, judge them, and perform the best action."""
    assert plan.environment
    width, turns = plan.samples or 3, 10 if plan.rounds is None else plan.rounds
    imagine = prompted(plan.reviewer_model or plan.model, IMAGINE, complete=False)
    turn: list[Wave] = [lambda state: look_ahead(state, width), do_best]
    return plan.search(
        "world-model-lookahead",
        operators={
            "imagine": imagine,
            "act": act(plan.model, plan.environment),
        },
        policy=schedule(*turn * turns),
        scorer=Judge(plan.reviewer_model or plan.model),
        select=latest(),
    )


def look_ahead(state: RefinementState, width: int) -> list[Move]:
    """Imagine several continuations of the episode unless it is over."""
    episode = [c for c in state.candidates if c.operator == "act"][-1:]
    over = any(candidate.complete for candidate in episode)
    return [] if over else [move("imagine", *episode, count=width)]


def do_best(state: RefinementState) -> list[Move]:
    """Perform the action whose imagined result is judged best."""
    last = state.decision.number if state.decision else 0
    imagined = [c for c in state.candidates if c.turn == last and c.operator == "imagine"]
    return [
        move("act", *best.parents, instruction=f"It was decided to do this:\n{best.text}")
        for best in ranked(imagined)[:1]
    ]
