"""Iterative reinforced tool use: tree search finds the weak call, a lesson corrects it."""

from refinegraph.agents import prompted
from refinegraph.agents.environments import act, environment_reward
from refinegraph.agents.memory import with_notes
from refinegraph.graphs.policies import (
    from_unfinished,
    in_turn,
    is_complete,
    move,
    ranked,
    schedule,
    uct,
)
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Move

DIAGNOSE = """$problem

Episodes that began alike, the best one first:
$solutions

At which call do they part, and what does the worse one do wrong there? Answer with one rule for \
the next attempt."""


@recipe(
    "Iterative reinforced fine-tuning for tool use (iTool)",
    paper="arXiv 2501.09766",
    ideas=["search", "repair"],
    needs=["environment"],
    calls="n + 1 + a, with a actions in the last episode",
    departs="The deficiency becomes a rule for one more attempt; the paper trains on the "
    "preferences between the calls.",
)
def tool_deficiency_mcts(plan: Plan) -> SearchGraph:
    """Search over calls, compare the worst path with the best, and act on the lesson."""
    assert plan.environment
    step = act(plan.model, plan.environment)
    search = uct(
        "act", root="act", roots=2, width=2, done=is_complete, max_candidates=plan.samples or 12
    )
    return plan.search(
        "tool-deficiency-mcts",
        operators={
            "act": step,
            "diagnose": prompted(plan.reviewer_model or plan.model, DIAGNOSE, makes="note"),
            "retry": with_notes(step, heading="A rule from earlier attempts:", limit=1),
        },
        policy=in_turn(
            search, schedule(best_and_worst, move("retry"), *[from_unfinished("retry")] * 9)
        ),
        scorer=environment_reward(),
        select=best_of(),
    )


def best_and_worst(state: RefinementState) -> list[Move]:
    """Diagnose the worst finished episode by comparison with the best."""
    finished = ranked(candidate for candidate in state.candidates if candidate.complete)
    return [move("diagnose", finished[0], finished[-1])] if len(finished) > 1 else []
