"""Each format of a reward model asks in its own form, and reads or refuses every shape of answer."""

# ruff: noqa: E501

import math
from collections.abc import Callable
from typing import Any

import pytest

from refinegraph.errors import ModelRequestRefused
from refinegraph.tools.scorers.reward_formats import (
    Case,
    Classify,
    Judged,
    MathShepherd,
    Outcome,
    Pair,
    QwenProcess,
    Rerank,
    RewardFormat,
    SkyworkProcess,
)

ONE = Case("1 + 1?", "It is 2.", ("Add <extra_0>ки.", "Step 2: it is 2."))
TWO = Case("1 + 1?", "It is 3.", ("It is 3.",))


def post_of(answer: Any) -> tuple[list[tuple[str, Any]], Callable[..., Any]]:
    """Return a function that notes requests and answers them alike, or with a function."""
    asked: list[tuple[str, Any]] = []

    async def post(path: str, body: Any) -> Any:
        asked.append((path, body))
        return answer(path, body) if callable(answer) else answer

    return asked, post


def data(*rows: Any) -> dict[str, Any]:
    return {"data": [{"index": index, "data": row} for index, row in enumerate(rows)]}


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def tokens(path: str, body: Any) -> Any:
    """Answer as a server whose tokens are characters, each with a reward of its position."""
    if path == "/tokenize":
        return {"tokens": list(map(ord, body["prompt"]))}
    return data([float(place) / 100 for place in range(len(body["input"]))])


async def test_an_outcome_is_the_last_number_of_a_conversation() -> None:
    asked, post = post_of(data([[9.0], [-1.0]]))
    assert await Outcome().judge(post, "m", [ONE]) == [Judged(sigmoid(-1.0))]
    chat = [{"role": "user", "content": "1 + 1?"}, {"role": "assistant", "content": "It is 2."}]
    assert asked == [("/pooling", {"model": "m", "messages": chat, "use_activation": False})]


async def test_a_classifier_reads_the_last_class_in_the_order_of_the_request() -> None:
    rows = [{"index": 1, "probs": [0.7, 0.3]}, {"index": 0, "probs": [0.1, 0.9]}]
    asked, post = post_of({"data": rows})
    assert await Classify().judge(post, "m", [ONE, TWO]) == [Judged(0.9), Judged(0.3)]
    texts = ["1 + 1?\n\nIt is 2.", "1 + 1?\n\nIt is 3."]
    assert asked == [("/classify", {"model": "m", "input": texts})]


@pytest.mark.parametrize(
    ("logits", "given", "value"), [(False, 0.25, 0.25), (True, -2.0, sigmoid(-2.0))]
)
async def test_pairs_and_rerankers_give_probabilities_unless_they_are_logits(
    logits: bool, given: float, value: float
) -> None:
    asked, post = post_of({"data": [{"score": given}, {"score": [0.5, given]}]})
    assert await Pair(logits=logits).judge(post, "m", [ONE, TWO]) == [Judged(value)] * 2
    body = {"model": "m", "text_1": "1 + 1?", "text_2": ["It is 2.", "It is 3."]}
    assert asked == [("/score", body)]
    asked, post = post_of({"results": [{"index": 0, "relevance_score": given}]})
    assert await Rerank(logits=logits).judge(post, "m", [ONE]) == [Judged(value)]
    ranked: dict[str, Any] = {
        "model": "m",
        "query": "1 + 1?",
        "documents": ["It is 2."],
        "top_n": 1,
    }
    assert asked == [("/v1/rerank", ranked)]


def test_formats_give_probabilities_unless_told_otherwise_and_say_how_many_they_take() -> None:
    assert not Pair().logits and not Rerank().logits
    formats: list[RewardFormat] = [
        Outcome(),
        QwenProcess(),
        SkyworkProcess(),
        Classify(),
        Pair(),
        Rerank(),
        MathShepherd(),
    ]
    assert [each.max_batch for each in formats] == [1, 1, 1, None, None, None, None]


async def test_qwen_format_marks_every_step_and_reads_the_second_probability() -> None:
    asked, post = post_of(data([[0.2, 0.8], [0.9, 0.1]]))
    assert await QwenProcess().judge(post, "m", [ONE]) == [Judged(None, (0.8, 0.1))]
    ((path, body),) = asked
    assert (path, [message["role"] for message in body["messages"]]) == (
        "/pooling",
        ["system", "user", "assistant"],
    )
    assert body["messages"][-1]["content"] == "Add ки.<extra_0>Step 2: it is 2.<extra_0>"


async def test_shepherd_gets_numbered_steps_and_reads_the_first_number() -> None:
    asked, post = post_of(data([[0.8, 0.2], [0.1, 0.9]], [[0.4, 0.6]]))
    judged = await MathShepherd().judge(post, "m", [ONE, TWO])
    assert judged == [Judged(None, (0.8, 0.1)), Judged(None, (0.4,))]
    assert asked[0][1]["input"] == [
        "1 + 1? Step 1: Add <extra_0>. ки\nStep 2: it is 2. ки",
        "1 + 1? Step 1: It is 3. ки",
    ]


async def test_skywork_reads_the_reward_of_the_line_feed_after_each_step() -> None:
    asked, post = post_of(tokens)
    case = Case("Q", "", ("ab", "c"))
    (judged,) = await SkyworkProcess().judge(post, "m", [case])
    start = len("<|endoftext|>Q\n")
    assert judged.steps == pytest.approx((sigmoid((start + 2) / 100), sigmoid((start + 4) / 100)))
    assert asked[-1][1]["input"] == list(map(ord, "<|endoftext|>Q\nab\nc\n"))
    assert asked[-1][1]["use_activation"] is False
    assert all(body["add_special_tokens"] is False for path, body in asked if path == "/tokenize")


@pytest.mark.parametrize(
    ("form", "answer", "words"),
    [
        (Outcome(), {"data": []}, "expected a list 'data'"),
        (Outcome(), data(["x", True, float("nan")]), "expected a number"),
        (Classify(), {"data": [{"probs": []}]}, "expected numbers under 'probs'"),
        (Classify(), {"data": [{"index": 1, "probs": [1]}]}, "1 scores with the indices [1] under 'data' for 1 solutions"),
        (Classify(), {"data": [{"probs": [1]}, {"probs": [1]}]}, "2 scores with the indices [0, 1] under 'data' for 1"),
        (Pair(), {"data": [{"score": 1.0011}]}, "returned 1.001 instead of a probability; if its scores are logits, set logits=True"),
        (Pair(), {"data": [{"score": -0.0011}]}, "instead of a probability"),
        (Rerank(), {"results": "no"}, "expected a list 'results'"),
        (QwenProcess(), data([[0.2, 0.8]]), "returned 1 step scores for 2 steps"),
        (QwenProcess(), data([[0.2, 0.8, 0.1], [0.2, 0.8]]), "returned 3 numbers for a step instead of two"),
        (SkyworkProcess(), lambda path, body: {"tokens": [1]} if path == "/tokenize" else data([1.0]), "1 token rewards for 5 tokens"),
        (SkyworkProcess(), {"tokens": ["x"]}, "expected token ids under 'tokens'"),
    ],
)  # fmt: skip
async def test_an_answer_of_another_shape_is_refused(
    form: RewardFormat, answer: Any, words: str
) -> None:
    with pytest.raises(ModelRequestRefused) as refused:
        await form.judge(post_of(answer)[1], "m", [ONE])
    assert words in str(refused.value)
    assert str(refused.value).startswith("The reward model returned ")


@pytest.mark.parametrize(("given", "value"), [(1.001, 1.0), (-0.001, 0.0), (1.0, 1.0), (0.0, 0.0)])
async def test_rounding_beside_a_probability_is_forgiven(given: float, value: float) -> None:
    assert await Pair().judge(post_of({"data": [{"score": given}]})[1], "m", [ONE]) == [
        Judged(value)
    ]


async def test_a_logit_of_any_size_becomes_a_probability() -> None:
    for logit, value in ((1e9, sigmoid(60)), (-1e9, sigmoid(-60)), (0.0, 0.5)):
        (judged,) = await Outcome().judge(post_of(data([logit]))[1], "m", [ONE])
        assert judged.value == value
