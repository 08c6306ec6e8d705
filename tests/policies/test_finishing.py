"""A search that ends without a whole solution has its best text completed, once."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from refinegraph.agents.models import Choice
from refinegraph.agents.operators import Draft, Task
from refinegraph.graphs import search_graph
from refinegraph.graphs.policies import (
    Policy,
    best_first,
    finishing,
    is_complete,
    move,
    schedule,
    uct,
)
from refinegraph.schema import Candidate, Problem, RefinementResult, Score
from refinegraph.support.blocking import run_sync

WHOLE = 3
PROBLEM = Problem(prompt="Write three letters.", kind="text")


def write(task: Task) -> list[Draft]:
    before = task.parent.text if task.parents else ""
    texts = [f"{before}{letter}" for letter in "abc"[: task.count]]
    return [Draft(Choice(text=text), complete=len(text) >= WHOLE) for text in texts]


def finish(task: Task) -> Draft:
    return Draft(Choice(text=task.parent.text.ljust(WHOLE, ".")), complete=True)


def late_letters(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
    return [Score(scorer="late", value=ord(each.text[-1]) / 200) for each in candidates]


late_letters.scores_unfinished = True  # type: ignore[attr-defined]


async def run(policy: Policy) -> RefinementResult:
    graph = search_graph(
        operators={"step": write, "finish": finish},
        policy=finishing(policy, "finish"),
        scorer=late_letters,
    )
    result: RefinementResult = (await graph.ainvoke({"problem": PROBLEM}))["result"]
    return result


async def test_the_best_end_is_completed() -> None:
    result = await run(schedule(move("step", count=3)))
    assert [each.text for each in result.candidates] == ["a", "b", "c", "c.."]
    assert result.chosen
    assert (result.chosen.operator, result.chosen.parents) == ("finish", ("0.2",))


async def test_a_text_that_was_continued_is_no_end() -> None:
    result = await run(schedule(move("step", count=3), move("step", "0.2")))
    assert [each.text for each in result.candidates][3:] == ["ca", "b.."]


async def test_a_policy_without_a_candidate_is_left_alone() -> None:
    result = await run(lambda state: [])
    assert (result.candidates, result.stop_reason.rule) == ((), "exhausted")


@given(limit=st.integers(1, 20), width=st.integers(1, 3), tree=st.booleans())
def test_every_search_has_an_answer_for_one_candidate_more(
    limit: int, width: int, tree: bool
) -> None:
    search = uct if tree else best_first
    policy = search("step", root="step", width=width, done=is_complete, max_candidates=limit)
    result = run_sync(run(policy))
    finished = [each for each in result.candidates if each.operator == "finish"]
    others = [each for each in result.candidates if each.operator == "step"]
    assert len(others) <= limit
    assert len(finished) == (not any(each.complete for each in others))
    assert result.chosen is not None
    assert result.chosen.complete
