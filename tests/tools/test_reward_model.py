"""Reward models over HTTP, against a server with hand-made weights."""

import json
import math
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest

from refinegraph.errors import InputError, ModelError, ModelRequestRefused
from refinegraph.retry_policy import RetryPolicy
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.testing import candidate
from refinegraph.tools.scorers import RewardModel, ScoreBatch, mean_of
from refinegraph.tools.scorers.reward_model import RewardFormatName
from refinegraph.tools.step_scores import minimum

PROBLEM = Problem(prompt="What is 1 + 1?", kind="math")
RIGHT = "Step 1: 1 + 1 = 2\nStep 2: so it is 2"
WRONG = "Step 1: 1 + 1 = 2\nStep 2: so it is wrong"
QUICK = RetryPolicy(attempts=3, initial_wait=0.01, max_wait=0.01, max_retry_after=1.0)

Body = dict[str, Any]


def good(text: str) -> float:
    """Return the probability from the served model: 0.9, or 0.2 for texts that say "wrong"."""
    return 0.2 if "wrong" in text else 0.9


def logit(chance: float) -> float:
    return math.log(chance / (1 - chance))


def chat_pooling(body: Body) -> Body:
    """Answer like a model with one number per token, of which the last counts."""
    logits = [[3.0], [-3.0], [logit(good(body["messages"][-1]["content"]))]]
    return pooled([logits], tokens=7)


def qwen_pooling(body: Body) -> Body:
    steps = body["messages"][-1]["content"].split("<extra_0>")[:-1]
    return pooled([[[1 - good(step), good(step)] for step in steps]])


def shepherd_pooling(body: Body) -> Body:
    rows = [text.split("ки")[:-1] for text in body["input"]]
    return pooled([[[good(step), 1 - good(step)] for step in steps] for steps in rows])


def skywork_pooling(body: Body) -> Body:
    """Answer with one reward per token; a token is a character code."""
    text = "".join(map(chr, body["input"]))
    lines = text.split("\n")
    rewards = [logit(good(line)) for line in lines for _ in f"{line}\n"][: len(text)]
    return pooled([rewards])


def tokenize(body: Body) -> Body:
    return {"count": len(body["prompt"]), "tokens": list(map(ord, body["prompt"]))}


def classify(body: Body) -> Body:
    data = [
        {"index": place, "label": "x", "probs": [1 - good(text), good(text)], "num_classes": 2}
        for place, text in enumerate(body["input"])
    ]
    return {"data": data, "usage": {"prompt_tokens": 5, "total_tokens": 5}}


def score(body: Body) -> Body:
    data = [{"index": i, "score": good(text)} for i, text in enumerate(body["text_2"])]
    return {"data": data[::-1], "usage": {"prompt_tokens": 5, "total_tokens": 5}}


def rerank(body: Body) -> Body:
    """Answer with logits in descending order of relevance, like llama.cpp."""
    found = [
        {"index": place, "relevance_score": logit(good(text))}
        for place, text in enumerate(body["documents"])
    ]
    found.sort(key=lambda each: -each["relevance_score"])
    return {"results": found, "usage": {"prompt_tokens": 5, "total_tokens": 5}}


def pooled(rows: Sequence[Any], *, tokens: int | None = 5) -> Body:
    data = [{"index": i, "object": "pooling", "data": row} for i, row in enumerate(rows)]
    return {"data": data} if tokens is None else {"data": data, "usage": {"prompt_tokens": tokens}}


class Reply(NamedTuple):
    """An answer that is not a plain JSON object with status 200."""

    status: int
    text: str
    headers: tuple[tuple[str, str], ...] = ()


Answerer = Callable[[Body], Body | Reply]


@dataclass
class Served:
    """A server of reward models that records its requests."""

    url: str = ""
    asked: list[tuple[str, Body]] = field(default_factory=list[tuple[str, Body]])
    authorization: str | None = None
    active: int = 0
    peak: int = 0

    @property
    def judgements(self) -> int:
        return sum(path != "/tokenize" for path, _ in self.asked)


@contextmanager
def serving(**paths: Answerer) -> Generator[Served]:
    served, lock = Served(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                served.asked.append((self.path, body))
                served.authorization = self.headers.get("Authorization")
                served.active += 1
                served.peak = max(served.peak, served.active)
            answer = paths[self.path.rpartition("/")[2]](body)
            with lock:
                served.active -= 1
            told = answer if isinstance(answer, Reply) else Reply(200, json.dumps(answer))
            data = told.text.encode()
            self.send_response(told.status)
            for name, value in (*told.headers, ("Content-Length", str(len(data)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    place = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{place.server_port}"
    thread = threading.Thread(target=place.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield served
    finally:
        place.shutdown()
        thread.join()
        place.server_close()


def solution(number: int = 0, text: str = RIGHT, answer: str | None = "2") -> Candidate:
    return candidate(f"0.{number}", answer, text=text)


@dataclass(frozen=True)
class Case:
    """A format, its server, and the expected scores of a right and a wrong solution."""

    format: RewardFormatName
    paths: dict[str, Answerer]
    right: Score
    wrong: Score
    requests: int
    logits: bool = False


def told(name: str, *steps: float) -> Score:
    value = math.prod(steps)
    return Score(scorer=f"reward:{name}", value=value, steps=steps if len(steps) > 1 else ())


CASES = [
    Case("outcome", {"pooling": chat_pooling}, told("outcome", 0.9), told("outcome", 0.2), 2),
    Case("classify", {"classify": classify}, told("classify", 0.9), told("classify", 0.2), 1),
    Case("score", {"score": score}, told("score", 0.9), told("score", 0.2), 1),
    Case("rerank", {"rerank": rerank}, told("rerank", 0.9), told("rerank", 0.2), 1, logits=True),
    Case(
        "qwen-prm",
        {"pooling": qwen_pooling},
        told("qwen-prm", 0.9, 0.9),
        told("qwen-prm", 0.9, 0.2),
        2,
    ),
    Case(
        "math-shepherd",
        {"pooling": shepherd_pooling},
        told("math-shepherd", 0.9, 0.9),
        told("math-shepherd", 0.9, 0.2),
        1,
    ),
    Case(
        "skywork-prm",
        {"pooling": skywork_pooling, "tokenize": tokenize},
        told("skywork-prm", 0.9, 0.9),
        told("skywork-prm", 0.9, 0.2),
        2,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.format)
async def test_reward_model_is_a_scorer_in_every_format(case: Case) -> None:
    pool = [solution(0), solution(1, WRONG), solution(2, answer=None)]
    with serving(**case.paths) as served:
        model = RewardModel(f"{served.url}/v1", "rm", format=case.format, logits=case.logits)
        forward = await model(PROBLEM, pool)
        requests = served.judgements
        backward = await model(PROBLEM, pool[::-1])
        nothing = await model(PROBLEM, [])
        joined = await mean_of(model, model)(PROBLEM, pool)
    for found, wanted in zip(forward.scores, (case.right, case.wrong), strict=False):
        assert found.scorer == wanted.scorer
        assert found.value == pytest.approx(wanted.value)
        assert found.steps == pytest.approx(wanted.steps)
    assert forward.scores[2].value is None
    assert requests == case.requests == forward.usage.llm_calls
    assert forward.usage.prompt_tokens > 0
    assert served.judgements == requests
    assert backward == ScoreBatch(forward.scores[::-1])
    assert nothing == ScoreBatch(())
    assert [each.value for each in joined.scores] == [each.value for each in forward.scores]


async def test_requests_say_what_servers_expect() -> None:
    with serving(pooling=chat_pooling) as served:
        await RewardModel(served.url, "orm", api_key="sk-secret")(PROBLEM, [solution()])
    path, body = served.asked[0]
    assert path == "/pooling"
    assert body["use_activation"] is False
    assert [each["role"] for each in body["messages"]] == ["user", "assistant"]
    assert served.authorization == "Bearer sk-secret"
    with serving(pooling=shepherd_pooling) as served:
        await RewardModel(served.url, "prm", format="math-shepherd")(PROBLEM, [solution()])
    text = "What is 1 + 1? Step 1: 1 + 1 = 2 ки\nStep 2: so it is 2 ки"
    assert served.asked[0][1]["input"] == [text]
    with serving(rerank=rerank) as served:
        model = RewardModel(served.url, "rr", format="rerank", logits=True)
        await model(PROBLEM, [solution()])
    assert served.asked[0][0] == "/v1/rerank"


async def test_step_marks_in_a_solution_make_no_steps() -> None:
    tricky = "Step 1: <extra_0><extr<extra_0>a_0> 1\nStep 2: <extra_0> 2"
    with serving(pooling=qwen_pooling) as served:
        model = RewardModel(served.url, "prm", format="qwen-prm", aggregate=minimum)
        found = await model(PROBLEM, [solution(text=tricky)])
    assert found.scores[0].steps == (0.9, 0.9)
    assert found.scores[0].value == 0.9


async def test_solutions_go_in_batches_and_requests_are_bounded() -> None:
    def slow(body: Body) -> Body:
        time.sleep(0.02)
        return score(body)

    pool = [solution(number, f"the answer is {number}") for number in range(20)]
    with serving(score=slow) as served:
        model = RewardModel(served.url, "rm", format="score", batch=2, concurrency=3)
        await model(PROBLEM, pool)
    assert [len(body["text_2"]) for _, body in served.asked] == [2] * 10
    assert served.peak <= 3


async def test_price_is_counted_where_it_is_known() -> None:
    with serving(pooling=chat_pooling) as served:
        unpriced = await RewardModel(served.url, "rm")(PROBLEM, [solution()])
        priced = await RewardModel(served.url, "rm", usd_per_million=2.0)(PROBLEM, [solution()])
    assert unpriced.usage.cost_usd is None
    assert priced.usage.cost_usd == pytest.approx(14e-6)


async def test_overlong_solution_scores_none_and_the_others_are_scored() -> None:
    def answer(body: Body) -> Body | Reply:
        if any(len(text) > 500 for text in body["text_2"]):
            return Reply(400, '{"message": "This model\'s maximum context length is 512 tokens."}')
        return score(body)

    with serving(score=answer) as served:
        model = RewardModel(served.url, "rm", format="score")
        found = await model(PROBLEM, [solution(), solution(1, "long " * 200)])
    assert [each.value for each in found.scores] == [0.9, None]
    assert "too long" in found.scores[1].evidence


PASSING = {
    "overload": Reply(503, "busy"),
    "rate": Reply(429, "slow down", (("Retry-After", "0.01"),)),
    "broken": Reply(200, '{"data": ['),
}


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING)
async def test_passing_failures_are_asked_again_and_counted(reply: Reply) -> None:
    replies = iter([reply, reply])
    with serving(pooling=lambda body: next(replies, None) or chat_pooling(body)) as served:
        found = await RewardModel(served.url, "rm", retry=QUICK)(PROBLEM, [solution()])
    assert found.scores[0].value == pytest.approx(0.9)
    assert (found.usage.llm_calls, found.usage.retries) == (1, 2)


REFUSED: list[tuple[str, Answerer, str, int]] = [
    ("page", lambda _: Reply(200, "<html>"), "a JSON object.*right", 1),
    ("empty", lambda _: {"data": []}, "expected a list 'data'", 1),
    ("missing", lambda _: Reply(404, '{"error": "no such model sk-secret"}'), "404: .*\\*\\*", 1),
    ("patience", lambda _: Reply(429, "wait", (("Retry-After", "99"),)), "429", 1),
    ("down", lambda _: Reply(500, "crashed"), "500: crashed", 3),
    ("nan", lambda _: pooled([["x"]]), "expected a number", 1),
]


@pytest.mark.parametrize(
    ("answer", "message", "requests"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
async def test_answers_that_are_none_are_refused_in_one_sentence(
    answer: Answerer, message: str, requests: int
) -> None:
    with serving(pooling=answer) as served:
        model = RewardModel(served.url, "orm", api_key="sk-secret", retry=QUICK)
        with pytest.raises(ModelError, match=message) as caught:
            await model(PROBLEM, [solution()])
        assert len(served.asked) == requests
    assert "sk-secret" not in str(caught.value)


SHAPES: list[tuple[RewardFormatName, Answerer, str]] = [
    ("qwen-prm", lambda _: pooled([[[0.1, 0.9]]]), "1 step scores for 2 steps"),
    ("qwen-prm", lambda _: pooled([[[0.1], [0.9]]]), "1 numbers for a step"),
    ("qwen-prm", lambda _: pooled([[[1, 7.0], [0, 3.0]]]), "7 instead of a probability"),
    ("math-shepherd", lambda _: pooled([[[0.1, 0.9]] * 3]), "3 step scores for 2 steps"),
    ("skywork-prm", lambda _: pooled([[0.5, 0.5]]), r"2 token rewards for \d+ tokens"),
    (
        "score",
        lambda _: {"data": [{"index": 1, "score": 0.5}]},
        r"1 scores with the indices \[1\] under 'data' for 1 solutions",
    ),
    ("rerank", lambda body: rerank(body), "2.197 instead of a probability.*logits=True"),
]


@pytest.mark.parametrize(("format", "answer", "message"), SHAPES, ids=lambda each: str(each)[:20])
async def test_shapes_that_disagree_are_named_with_their_numbers(
    format: RewardFormatName, answer: Answerer, message: str
) -> None:
    paths: dict[str, Answerer] = dict.fromkeys(("pooling", "score", "rerank"), answer)
    with (
        serving(**paths, tokenize=tokenize) as served,
        pytest.raises(ModelRequestRefused, match=message),
    ):
        await RewardModel(served.url, "rm", format=format)(PROBLEM, [solution()])


async def test_server_that_is_not_there_is_named() -> None:
    model = RewardModel("http://127.0.0.1:9", "orm", retry=QUICK)
    with pytest.raises(ModelError, match=r"http://127.0.0.1:9/pooling cannot be reached"):
        await model(PROBLEM, [solution()])


ADDRESSES = ["127.0.0.1:8000", "http://me:hush@host:80", "http://host/?key=hush"]


@pytest.mark.parametrize("url", ADDRESSES)
def test_address_that_is_none_or_holds_secrets_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="The reward model's address") as caught:
        RewardModel(url, "orm")
    assert "hush" not in str(caught.value)


def test_unknown_format_is_refused_and_the_key_is_in_no_repr() -> None:
    with pytest.raises(InputError, match="Unknown reward format 'prm'; expected one of outcome"):
        RewardModel("http://host", "orm", format="prm")  # type: ignore[arg-type] # pyright: ignore
    model = RewardModel("http://host/v1", "orm", api_key="sk-secret")
    assert repr(model) == "RewardModel('http://host', 'orm', format='outcome')"
