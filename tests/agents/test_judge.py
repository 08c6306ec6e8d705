"""Judges: what they are asked, how their answers are read, and what they cost."""

from collections.abc import Sequence

import pytest
from langchain_core.messages import BaseMessage

from refinegraph import Problem
from refinegraph.agents import ChecklistJudge, Judge, PairwiseJudge, Solver, StepJudge, p_true
from refinegraph.agents.models import Sampling, ScriptedChatModel
from refinegraph.agents.reading_scores import read_answers, read_score, read_step_scores
from refinegraph.graphs import refinement_graph
from refinegraph.schema import Candidate

PROBLEM = Problem(prompt="What is 1 + 1?", kind="math")


def candidate(
    number: int, text: str = "Step 1: add\nStep 2: 2", answer: str | None = "2"
) -> Candidate:
    return Candidate(id=f"0.{number}", role="solver", text=text, answer=answer)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"reason": "x", "score": 7}', 0.7),
        ('Sure:\n```json\n{"score": 10}\n```', 1.0),
        ('{"score": 3, "reason": "broken', 0.3),
        ("**Score:** 4 / 10", 0.4),
        ("I give it 9/10.", 0.9),
        ('{"score": 70}', None),
        ('{"score": true}', None),
        ("no idea", None),
        ("", None),
    ],
)
def test_score_read_from(text: str, value: float | None) -> None:
    assert read_score(text) == value


def test_step_scores_are_read_only_where_there_is_one_a_step() -> None:
    assert read_step_scores('{"steps": [10, 5.0]}', count=2) == (1.0, 0.5)
    assert read_step_scores("Step 1: 9/10\nStep 2: 2/10", count=2) == (0.9, 0.2)
    assert read_step_scores('{"steps": [10]}', count=2) is None
    assert read_step_scores('{"steps": [10, "x"]}', count=2) is None


def test_answers_are_read_by_their_number() -> None:
    assert read_answers("1. YES\n2) No.\n- 3: yes") == {1: True, 2: False, 3: True}


async def test_judge_asks_about_each_candidate_and_counts_what_it_costs() -> None:
    model = ScriptedChatModel(['{"score": 9}', '{"score": 2}'])
    told = await Judge(model)(PROBLEM, [candidate(0), candidate(1), candidate(2, answer=None)])
    assert sorted(score.value or 0 for score in told.scores) == [0, 0.2, 0.9]
    assert told.scores[2].value is None
    assert told.usage.llm_calls == 2


async def test_judges_vote_by_their_mean() -> None:
    model = ScriptedChatModel(['{"score": 10}', '{"score": 4}', "unclear"])
    told = await Judge(model, judges=3)(PROBLEM, [candidate(0)])
    assert told.scores[0].value == pytest.approx(0.7)


async def test_answer_that_cannot_be_read_is_asked_for_once_more() -> None:
    told = await Judge(ScriptedChatModel(["hm", '{"score": 5}']))(PROBLEM, [candidate(0)])
    assert told.scores[0].value == 0.5
    assert told.usage.unparsable == 1
    told = await Judge(ScriptedChatModel("hm", cycle=True))(PROBLEM, [candidate(0)])
    assert told.scores[0].value is None
    assert told.usage.llm_calls == 2


async def test_step_judge_scores_the_steps_that_are_shown() -> None:
    model = ScriptedChatModel(['{"reason": "2", "steps": [10, 5]}'])
    told = await StepJudge(model)(PROBLEM, [candidate(0)])
    assert told.scores[0].steps == (1.0, 0.5)
    assert told.scores[0].value == 0.5
    assert "[2] Step 2: 2" in model.calls[0].prompt


async def test_checklist_is_written_once_and_failures_are_the_evidence() -> None:
    model = ScriptedChatModel(["Is it 2?\nIs it short?", "1. YES\n2. NO", "1. YES\n2. YES"])
    judge = ChecklistJudge(model)
    first = await judge(PROBLEM, [candidate(0)])
    second = await judge(PROBLEM, [candidate(1)])
    assert first.scores[0].value == 0.5
    assert first.scores[0].evidence == "Is it short?"
    assert second.scores[0].value == 1.0
    assert (first.usage + second.usage).llm_calls == 3


async def test_pairs_are_compared_in_both_orders() -> None:
    def first_is_better(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        return "A"

    told = await PairwiseJudge(ScriptedChatModel(first_is_better))(
        PROBLEM, [candidate(0), candidate(1)]
    )
    assert [score.value for score in told.scores] == [0.5, 0.5]
    assert told.usage.llm_calls == 2


async def test_better_candidate_wins_and_pairs_are_bounded() -> None:
    def longer(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        first, _, second = str(messages).partition("# Solution B")
        return "A" if "good" in first else "B" if "good" in second else "TIE"

    pool = [candidate(0, "good"), *(candidate(number, "bad") for number in range(1, 6))]
    told = await PairwiseJudge(ScriptedChatModel(longer), most_pairs=6)(PROBLEM, pool)
    assert told.scores[0].value == 1.0
    assert told.usage.llm_calls == 12


async def test_p_true_is_none_without_log_probabilities() -> None:
    told = await p_true(ScriptedChatModel("A", cycle=True))(PROBLEM, [candidate(0)])
    assert told.scores[0].value is None


async def test_judge_scores_and_costs_reach_the_result() -> None:
    def script(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        asked = str(messages)
        return '{"score": 8}' if "careful judge" in asked else "\\boxed{2}"

    model = ScriptedChatModel(script)
    graph = refinement_graph(solver=Solver(model, samples=2), scorer=Judge(model))
    state = await graph.ainvoke({"problem": PROBLEM})
    result = state["result"]
    assert [each.scores[0].value for each in result.candidates] == [0.8, 0.8]
    assert result.usage.llm_calls == len(model.calls)
