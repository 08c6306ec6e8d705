"""Judges: their prompts, how their replies are parsed, and their cost."""

import asyncio
import json
import math
import time
from collections.abc import Callable, Sequence
from typing import Literal

import pytest
from langchain_core.messages import BaseMessage

from refinegraph import Problem
from refinegraph.agents import (
    AnswerFirstJudge,
    ChecklistJudge,
    Judge,
    PairwiseJudge,
    Solver,
    StepJudge,
    p_true,
)
from refinegraph.agents.models import (
    Choice,
    RetryPolicy,
    Sampling,
    ScriptedChatModel,
    TokenLogprob,
    TopLogprob,
    run_scope,
)
from refinegraph.errors import InputError, ModelError, ModelRequestRefused
from refinegraph.graphs import refinement_graph
from refinegraph.graphs.nodes.parse_candidate import read_candidate
from refinegraph.schema import Candidate, Score
from refinegraph.testing import candidate
from refinegraph.tools.scorers import Scorer, mean_of, run_scorer, self_certainty
from refinegraph.tools.step_scores import minimum

PROBLEM = Problem(prompt="What is 1 + 1?", kind="math")


def solution(
    number: int, text: str = "Step 1: add\nStep 2: 2", answer: str | None = "2"
) -> Candidate:
    return candidate(f"0.{number}", answer, text=text)


async def test_judge_calls_the_model_per_candidate_and_counts_the_cost() -> None:
    model = ScriptedChatModel(['{"score": 9}', '{"score": 2}'])
    pool = [solution(0), solution(1, text="1 + 1 = 3"), solution(2, answer=None)]
    told = await Judge(model)(PROBLEM, pool)
    assert sorted(score.value or 0 for score in told.scores) == [0, 0.2, 0.9]
    assert told.scores[2].value is None
    assert told.usage.llm_calls == 2


VOTES = [("mean", 0.7), ("median", 0.8), ("majority", 2 / 3)]


@pytest.mark.parametrize(("vote", "value"), VOTES, ids=[vote for vote, _ in VOTES])
async def test_judges_vote(vote: Literal["mean", "median", "majority"], value: float) -> None:
    model = ScriptedChatModel(['{"score": 10}', '{"score": 3}', '{"score": 8}'])
    told = await Judge(model, judges=3, vote=vote)(PROBLEM, [solution(0)])
    assert told.scores[0].value == pytest.approx(value)
    assert [call.n for call in model.calls] == [3]


async def test_judge_whose_replies_cannot_be_parsed_has_no_vote() -> None:
    model = ScriptedChatModel(['{"score": 10}', '{"score": 4}', "unclear", "still unclear"])
    told = await Judge(model, judges=3)(PROBLEM, [solution(0)])
    assert told.scores[0].value == pytest.approx(0.7)
    assert told.usage.unparsable == 2
    assert told.usage.llm_calls == 2


async def test_answer_that_cannot_be_read_is_asked_for_once_more_with_its_fault() -> None:
    model = ScriptedChatModel(['{"score": 70}', '{"score": 5}'])
    told = await Judge(model)(PROBLEM, [solution(0)])
    assert told.scores[0].value == 0.5
    assert told.usage.unparsable == 1
    assert "less than or equal to 10" in model.calls[1].prompt
    assert '{"score": 70}' in model.calls[1].prompt


async def test_judge_that_never_can_be_read_gives_none_and_is_paid_for() -> None:
    told = await Judge(ScriptedChatModel("hm", cycle=True))(PROBLEM, [solution(0)])
    assert told.scores[0].value is None
    assert told.scores[0].evidence == "no judge's answer could be read"
    assert (told.usage.llm_calls, told.usage.unparsable) == (2, 2)


async def test_solution_that_was_judged_costs_nothing_again() -> None:
    model = ScriptedChatModel(['{"score": 5}', '{"score": 9}'])
    judge = Judge(model)
    same = [solution(0), solution(1)]
    first = await judge(PROBLEM, same)
    again = await judge(PROBLEM, [*same, solution(2, text="another")])
    assert [score.value for score in first.scores] == [0.5, 0.5]
    assert [score.value for score in again.scores] == [0.5, 0.5, 0.9]
    assert (first.usage.llm_calls, again.usage.llm_calls) == (1, 1)


async def test_candidate_whose_call_fails_scores_none_and_the_others_are_scored() -> None:
    def script(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        if "bad" in str(messages):
            raise ConnectionError("cut off")
        return '{"score": 5}'

    model = ScriptedChatModel(script, retry=RetryPolicy(attempts=1))
    told = await Judge(model)(PROBLEM, [solution(0), solution(1, text="bad")])
    assert [score.value for score in told.scores] == [0.5, None]
    assert "closed the connection" in told.scores[1].evidence
    with pytest.raises(ModelError, match="closed the connection"):
        await Judge(model)(PROBLEM, [solution(1, text="bad")])


def test_unknown_vote_is_refused_in_one_sentence() -> None:
    with pytest.raises(InputError, match=r"'best'.*mean, median, majority"):
        Judge(ScriptedChatModel(""), vote="best")  # type: ignore[arg-type] # pyright: ignore


async def test_judge_asks_for_its_form_natively_until_a_server_refuses() -> None:
    def script(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        if sampling.json_schema is not None:
            raise Refusal("response_format is not supported")
        return '{"score": 5}'

    model = ScriptedChatModel(script)
    judge = Judge(model)
    told = await judge(PROBLEM, [solution(0)])
    await judge(PROBLEM, [solution(1, text="another")])
    assert told.scores[0].value == 0.5
    schemas = [call.sampling.json_schema is not None for call in model.calls]
    assert schemas == [True, False, False]


class Refusal(Exception):
    status_code = 400


async def test_step_judge_scores_the_steps_that_are_shown() -> None:
    model = ScriptedChatModel(['{"reason": "2", "steps": [10, 5]}'])
    told = await StepJudge(model)(PROBLEM, [solution(0)])
    assert told.scores[0].steps == (1.0, 0.5)
    assert told.scores[0].value == 0.5
    assert "[2] Step 2: 2" in model.calls[0].prompt


async def test_step_judge_aggregates_as_configured_and_requires_one_score_per_step() -> None:
    model = ScriptedChatModel(['{"steps": [10]}', "Step 1: 9/10\nStep 2: 3/10"])
    told = await StepJudge(model, aggregate=minimum)(PROBLEM, [solution(0)])
    assert told.scores[0].steps == (0.9, 0.3)
    assert told.scores[0].value == 0.3
    assert "1 scores for 2 steps" in model.calls[1].prompt


async def test_answer_first_judge_solves_the_problem_once_before_it_sees_solutions() -> None:
    model = ScriptedChatModel(["My own: 2", '{"score": 9}', '{"score": 1}'])
    told = await AnswerFirstJudge(model)(PROBLEM, [solution(0), solution(1, text="3")])
    assert sorted(score.value or 0 for score in told.scores) == [0.1, 0.9]
    assert "Step 1: add" not in model.calls[0].prompt
    assert all("My own: 2" in call.prompt for call in model.calls[1:])
    assert told.usage.llm_calls == 3


async def test_checklist_that_cannot_be_read_leaves_one_plain_question() -> None:
    model = ScriptedChatModel(["hm", "hm", "1. YES"])
    told = await ChecklistJudge(model)(PROBLEM, [solution(0)])
    assert told.scores[0].value == 1.0
    assert "Is the solution right?" in model.calls[2].prompt


async def test_checklist_is_written_once_and_failures_are_the_evidence() -> None:
    model = ScriptedChatModel(["Is it 2?\nIs it short?", "1. YES\n2. NO", "1. YES\n2. YES"])
    judge = ChecklistJudge(model)
    first = await judge(PROBLEM, [solution(0)])
    second = await judge(PROBLEM, [solution(1, text="1 + 1 = 3")])
    assert first.scores[0].value == 0.5
    assert first.scores[0].evidence == "Is it short?"
    assert second.scores[0].value == 1.0
    assert (first.usage + second.usage).llm_calls == 3


async def test_pairs_are_compared_in_both_orders() -> None:
    def first_is_better(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        return "A"

    told = await PairwiseJudge(ScriptedChatModel(first_is_better))(
        PROBLEM, [solution(0), solution(1, text="1 + 1 = 3")]
    )
    assert [score.value for score in told.scores] == pytest.approx([0.5, 0.5])
    assert told.usage.llm_calls == 2


def prefer_good(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
    first, _, second = str(messages).partition("# Solution B")
    return "A" if "good" in first else "B" if "good" in second else "TIE"


@pytest.mark.parametrize("ranking", ["win-rate", "bradley-terry"])
async def test_better_candidate_wins_and_pairs_are_bounded(
    ranking: Literal["win-rate", "bradley-terry"],
) -> None:
    pool = [solution(0, "good"), *(solution(number, f"bad {number}") for number in range(1, 6))]
    judge = PairwiseJudge(ScriptedChatModel(prefer_good), max_pairs=6, ranking=ranking)
    told = await judge(PROBLEM, pool)
    values = [score.value or 0 for score in told.scores]
    assert values[0] == max(values)
    assert values[0] > max(values[1:])
    assert told.usage.llm_calls == 12
    assert (await judge(PROBLEM, pool)).usage.llm_calls == 0


async def test_candidates_in_no_pair_score_none_and_equal_ones_count_as_one() -> None:
    judge = PairwiseJudge(ScriptedChatModel(prefer_good), max_pairs=1)
    pool = [solution(0, "good"), solution(1, "bad"), solution(2, "good"), solution(3, "worse")]
    told = await judge(PROBLEM, pool)
    assert told.scores[0].value == told.scores[2].value
    assert told.scores[3].value is None
    assert [each.value for each in (await judge(PROBLEM, [solution(0)])).scores] == [None]


async def test_pair_is_judged_by_the_order_that_could_be_read() -> None:
    def only_good_first(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        first, _, _ = str(messages).partition("# Solution B")
        return '{"reason": "x", "winner": "A"}' if "good" in first else "hm"

    judge = PairwiseJudge(ScriptedChatModel(only_good_first), ranking="win-rate")
    told = await judge(PROBLEM, [solution(0, "good"), solution(1, "bad")])
    assert [score.value for score in told.scores] == [1.0, 0.0]
    assert told.usage.unparsable == 2


def spoken(*tops: dict[str, float]) -> Choice:
    tokens = [
        TokenLogprob(
            token=next(iter(top)),
            logprob=math.log(next(iter(top.values()))),
            top=tuple(TopLogprob(text, math.log(chance)) for text, chance in top.items()),
        )
        for top in tops
    ]
    return Choice(text="".join(each.token for each in tokens), logprobs=tuple(tokens))


SPOKEN = [
    (spoken({"True": 0.6, " true": 0.1, "False": 0.3}), 0.7),
    (spoken({" ": 1.0}, {"False": 0.5, "Tr": 0.5}), 0.5),
    (spoken({"Maybe": 1.0}), None),
    (Choice(text="True"), None),
]


@pytest.mark.parametrize(("choice", "value"), SPOKEN, ids=["sum", "later", "neither", "unknown"])
async def test_p_true_is_the_share_of_true_at_the_first_word(
    choice: Choice, value: float | None
) -> None:
    told = await p_true(ScriptedChatModel([choice]))(PROBLEM, [solution(0)])
    found = told.scores[0].value
    assert found is value is None or found == pytest.approx(value)
    assert told.usage.llm_calls == 1


async def test_p_true_shows_other_answers_and_caches_its_scores() -> None:
    model = ScriptedChatModel(spoken({"True": 1.0}).model_copy() for _ in range(9))
    scorer = p_true(model, max_samples=2)
    pool = [solution(number, answer=str(number)) for number in range(3)]
    await scorer(PROBLEM, pool)
    again = await scorer(PROBLEM, pool[::-1])
    assert again.usage.llm_calls == 0
    assert len(model.calls) == 3
    assert all("- 0\n- 1\n\nProposed" in call.prompt for call in model.calls)


JUDGES = {
    "judge": Judge,
    "steps": StepJudge,
    "answer-first": AnswerFirstJudge,
    "checklist": ChecklistJudge,
    "pairwise": PairwiseJudge,
    "p_true": p_true,
}


def fair(messages: Sequence[BaseMessage], sampling: Sampling) -> Choice:
    """Answer every judge by the text of the solution, regardless of the order of calls."""
    asked = str(messages[-1].content)
    if sampling.logprobs:
        return spoken({"True": 0.75, "False": 0.25})
    if "winner" in asked:
        return Choice(text=prefer_good(messages, sampling))
    steps = asked.count("\n[")
    score = 9 if "good" in asked else 3
    said = {"score": score, "steps": [score] * steps, "answers": ["yes"], "questions": ["?"]}
    return Choice(text=json.dumps(said))


@pytest.mark.parametrize("make", JUDGES.values(), ids=JUDGES)
async def test_every_judge_is_a_scorer(make: Callable[[ScriptedChatModel], Scorer]) -> None:
    pool = [solution(0, "good"), solution(1, "bad"), solution(2, answer=None)]
    scorer = make(ScriptedChatModel(fair))
    empty = await run_scorer(scorer, PROBLEM, [])
    forward = await run_scorer(scorer, PROBLEM, pool)
    backward = await run_scorer(make(ScriptedChatModel(fair)), PROBLEM, pool[::-1])
    joined = await run_scorer(mean_of(scorer, scorer), PROBLEM, pool)
    assert (empty.scores, empty.usage.llm_calls) == ((), 0)
    assert forward.scores == backward.scores[::-1]
    assert all(0 <= each.value <= 1 for each in forward.scores[:2] if each.value is not None)
    assert forward.scores[2].value is None
    assert [each.value for each in joined.scores] == [each.value for each in forward.scores]
    assert joined.usage.llm_calls == 0
    assert repr(scorer).startswith(type(scorer).__name__ + "('scripted'")


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


async def test_scorer_whose_model_fails_leaves_the_run_going_and_is_named() -> None:
    def script(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        if "careful judge" in str(messages):
            raise ConnectionError("cut off")
        return "\\boxed{2}"

    model = ScriptedChatModel(script, retry=RetryPolicy(attempts=2, initial_wait=0))
    graph = refinement_graph(solver=Solver(model, samples=2), scorer=Judge(model))
    result = (await graph.ainvoke({"problem": PROBLEM}))["result"]
    assert result.answer == "2"
    assert [each.score for each in result.candidates] == [None, None]
    assert [each.node for each in result.failures] == ["score"]
    assert "closed the connection" in result.failures[0].detail


async def test_misconfigured_scorer_ends_the_run_immediately() -> None:
    def script(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
        if "careful judge" in str(messages):
            raise Refusal("no such thing")
        return "\\boxed{2}"

    model = ScriptedChatModel(script)
    graph = refinement_graph(solver=Solver(model), scorer=Judge(model))
    with pytest.raises(ModelRequestRefused, match="no such thing"):
        await graph.ainvoke({"problem": PROBLEM})


async def test_slow_scorer_does_not_outlast_the_run() -> None:
    async def slow(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        await asyncio.sleep(60)
        return []

    graph = refinement_graph(solver=Solver(ScriptedChatModel("\\boxed{2}")), scorer=slow)
    with run_scope(deadline=time.monotonic() + 1):
        result = (await graph.ainvoke({"problem": PROBLEM}))["result"]
    assert result.answer == "2"
    assert [each.kind for each in result.failures] == ["deadline"]


HOSTILE = "a $problem ${solution} {0} %s [bold]\n\\boxed{} $$ $"


@pytest.mark.parametrize("make", JUDGES.values(), ids=JUDGES)
async def test_judges_pass_hostile_text_through_untouched(
    make: Callable[[ScriptedChatModel], Scorer],
) -> None:
    model = ScriptedChatModel(fair)
    problem = Problem(prompt=f"{HOSTILE}?", kind="text")
    pool = [solution(0, HOSTILE, answer=HOSTILE), solution(1, f"{HOSTILE} too", answer=HOSTILE)]
    await run_scorer(make(model), problem, pool)
    assert model.calls
    assert all(f"{HOSTILE}?" in call.prompt for call in model.calls)


async def test_certainty_is_kept_of_log_probabilities() -> None:
    sure, unsure = spoken({"2": 0.99, "3": 0.01}), spoken({"2": 0.5, "3": 0.5})
    pool = [
        read_candidate(choice, PROBLEM, id=f"0.{place}", operator="solve")
        for place, choice in enumerate([sure, unsure, Choice(text="2")])
    ]
    told = await run_scorer(self_certainty(), PROBLEM, pool)
    high, low, none = (each.value for each in told.scores)
    assert none is None
    assert low == pytest.approx(0.0, abs=1e-12)
    divergence = (math.log(0.5 / 0.99) + math.log(0.5 / 0.01)) / 2
    assert high == pytest.approx(1 - math.exp(-divergence))
