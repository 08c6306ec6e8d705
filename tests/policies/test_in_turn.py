"""Policies in sequence, none of which is called again after it has stopped."""

import pytest

from refinegraph.agents.operators import Task
from refinegraph.errors import InputError
from refinegraph.graphs import search_graph
from refinegraph.graphs.policies import from_all, in_turn, move, schedule, uct
from refinegraph.schema import Problem, RefinementResult


def write(task: Task) -> list[str]:
    return [f"The answer is {len(task.pool)}."] * task.count


async def test_a_stopped_policy_is_not_asked_again() -> None:
    graph = search_graph(
        operators={"solve": write, "refine": write, "end": write},
        policy=in_turn(
            schedule(move("solve", count=2)),
            uct("refine", max_candidates=4),
            schedule(from_all("end"), from_all("end")),
        ),
    )
    result: RefinementResult = (await graph.ainvoke({"problem": Problem(prompt="?", kind="math")}))[
        "result"
    ]
    made = [candidate.operator for candidate in result.candidates]
    assert made == ["solve", "solve", "refine", "refine", "end", "end"]
    assert result.stop_reason
    assert result.stop_reason.rule == "schedule"


def test_it_needs_a_policy() -> None:
    with pytest.raises(InputError, match="at least one policy"):
        in_turn()
