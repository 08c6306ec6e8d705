"""Scorers: reward models over HTTP, what joins scorers, and steps made into one value."""

import json
import math
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.errors import ModelError
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.scorers import (
    RewardModel,
    Scorer,
    agreement,
    ask_scorer,
    execution,
    mean_of,
    product_of,
    uncertainty_weighted,
    worst_of,
)
from refinegraph.tools.step_scores import first_bad_step, last, mean, minimum, product

PROBLEM = Problem(prompt="What is 1 + 1?", kind="math")
SOLUTION = "Step 1: 1 + 1 = 2\nStep 2: the answer is 2"
Answerer = Callable[[str, dict[str, Any]], tuple[int, Any]]


def candidate(number: int = 0, text: str = SOLUTION, answer: str | None = "2") -> Candidate:
    return Candidate(id=f"0.{number}", role="solver", text=text, answer=answer)


@contextmanager
def server(answer: Answerer) -> Generator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    asked: list[tuple[str, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, body))
            status, told = answer(self.path, body)
            data = told.encode() if isinstance(told, str) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    place = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=place.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{place.server_port}", asked
    finally:
        place.shutdown()
        thread.join()
        place.server_close()


def pooled(data: Any) -> Answerer:
    return lambda path, body: (200, {"data": [{"index": 0, "object": "pooling", "data": data}]})


async def test_outcome_is_the_sigmoid_of_the_last_number() -> None:
    with server(pooled([[-1.0], [0.0], [math.log(3)]])) as (url, asked):
        (score,) = await RewardModel(url, "orm")(PROBLEM, [candidate()])
    assert score.value == pytest.approx(0.75)
    assert asked[0][0] == "/pooling"
    assert [each["role"] for each in asked[0][1]["messages"]] == ["user", "assistant"]


async def test_qwen_marks_each_step_and_reads_the_second_column() -> None:
    with server(pooled([[0.1, 0.9], [0.5, 0.5]])) as (url, asked):
        model = RewardModel(url, "prm", format="qwen-prm")
        (score,) = await model(PROBLEM, [candidate()])
    assert score.steps == (0.9, 0.5)
    assert score.value == pytest.approx(0.45)
    assert asked[0][1]["messages"][-1]["content"].count("<extra_0>") == 2


async def test_math_shepherd_marks_each_step_and_reads_the_first_column() -> None:
    with server(pooled([[0.9, 0.1], [0.2, 0.8]])) as (url, asked):
        model = RewardModel(url, "prm", format="math-shepherd")
        (score,) = await model(PROBLEM, [candidate()])
    assert score.steps == (0.9, 0.2)
    assert asked[0][1]["input"].endswith("Step 2: the answer is 2 ки")


async def test_token_rewards_are_cut_where_steps_end() -> None:
    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if path == "/tokenize":
            return 200, {"count": len(body["prompt"].split())}
        rewards = [[0.0]] * len(body["input"].split())
        rewards[8] = [math.log(4)]
        return 200, {"data": [{"data": rewards}]}

    with server(answer) as (url, _):
        model = RewardModel(url, "prm", format="token-rewards")
        problem = Problem(prompt="One", kind="math")
        found = await model(problem, [candidate(text="Step 1: 1 + 1 = 2 so\nStep 2: done")])
    assert found[0].steps == pytest.approx((0.8, 0.5))


async def test_reranker_and_classifier_are_understood() -> None:
    with server(lambda *_: (200, {"results": [{"index": 0, "relevance_score": 0.0}]})) as (url, _):
        model = RewardModel(f"{url}/v1", "reranker", format="rerank")
        assert (await model(PROBLEM, [candidate()]))[0].value == 0.0
    with server(lambda *_: (200, {"data": [{"probs": [0.3, 0.7]}]})) as (url, _):
        model = RewardModel(url, "classifier", format="classify")
        assert (await model(PROBLEM, [candidate()]))[0].value == 0.7


async def test_scored_candidate_costs_nothing_again_and_unreadable_ones_score_none() -> None:
    with server(pooled([[0.0]])) as (url, asked):
        model = RewardModel(url, "orm")
        await model(PROBLEM, [candidate()])
        scores = await model(PROBLEM, [candidate(), candidate(1, answer=None)])
        assert [score.value for score in scores] == [0.5, None]
        assert len(asked) == 1


async def test_steps_that_disagree_are_named_with_their_numbers() -> None:
    with server(pooled([[0.1, 0.9]])) as (url, _):
        model = RewardModel(url, "prm", format="qwen-prm")
        with pytest.raises(ModelError, match="1 step scores for 2 steps"):
            await model(PROBLEM, [candidate()])


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ((200, "<html>"), "no JSON object"),
        ((200, {"data": []}), "expected a list 'data'"),
        ((404, {"error": "no such model"}), "answered 404"),
    ],
)
async def test_answers_that_are_none_are_refused_in_one_sentence(
    told: tuple[int, Any], message: str
) -> None:
    with server(lambda *_: told) as (url, asked):
        with pytest.raises(ModelError, match=message):
            await RewardModel(url, "orm")(PROBLEM, [candidate()])
        assert len(asked) == 1


async def test_overload_is_asked_again() -> None:
    replies = iter([(503, "busy"), pooled([[0.0]])("", {})])
    with server(lambda *_: next(replies)) as (url, asked):
        (score,) = await RewardModel(url, "orm")(PROBLEM, [candidate()])
        assert score.value == 0.5
        assert len(asked) == 2


def test_key_is_not_in_the_repr() -> None:
    model = RewardModel("http://127.0.0.1:1/v1", "orm", api_key="sk-secret")
    assert repr(model) == "RewardModel('http://127.0.0.1:1', 'orm', format='outcome')"


def constant(*values: float | None) -> Scorer:
    def score(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        return [Score(scorer="constant", value=value) for value in values]

    return score


async def joined(scorer: Scorer, count: int = 1) -> list[float | None]:
    told = await ask_scorer(scorer, PROBLEM, [candidate(number) for number in range(count)])
    return [score.value for score in told.scores]


async def test_scorers_are_joined_and_those_that_cannot_tell_left_out() -> None:
    low, high, none = constant(0.2, 0.4), constant(0.8, None), constant(None, None)
    assert await joined(mean_of(low, high, none), 2) == [0.5, 0.4]
    assert await joined(worst_of(low, high), 2) == [0.2, 0.4]
    assert await joined(product_of(low, constant(0.0, 0.5)), 2) == [0.2 * 0.05, 0.2]
    assert await joined(uncertainty_weighted(low, high, weight=2), 2) == [
        pytest.approx(0.5 - 2 * 0.09),
        0.4,
    ]
    assert await joined(mean_of(none), 2) == [None, None]


@pytest.mark.parametrize(
    "scorer",
    [execution(), agreement(), mean_of(execution(), agreement()), worst_of(agreement())],
    ids=repr,
)
async def test_every_scorer_gives_one_score_a_candidate_whatever_their_order(
    scorer: Scorer,
) -> None:
    pool = [candidate(0), candidate(1, answer="3"), candidate(2), candidate(3, answer=None)]
    assert await _told(scorer, []) == {}
    forward, backward = await _told(scorer, pool), await _told(scorer, pool[::-1])
    assert forward == backward
    assert len(forward) == 4


async def _told(scorer: Scorer, pool: Sequence[Candidate]) -> dict[str, float | None]:
    told = await ask_scorer(scorer, PROBLEM, pool)
    return {each.id: score.value for each, score in zip(pool, told.scores, strict=True)}


shares = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@given(shares)
def test_step_aggregations_keep_their_order(steps: list[float]) -> None:
    assert 0 <= product(steps) <= minimum(steps) <= mean(steps) + 1e-12 <= 1 + 1e-12
    assert minimum(steps) <= last(steps)


@given(shares, st.floats(0, 1))
def test_first_bad_step_is_the_first_under_the_threshold(
    steps: list[float], threshold: float
) -> None:
    found = first_bad_step(steps, threshold=threshold)
    before = steps if found is None else steps[:found]
    assert all(value >= threshold for value in before)
    assert found is None or steps[found] < threshold
