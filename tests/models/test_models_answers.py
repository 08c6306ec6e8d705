"""Token counts and costs of answers, even if a server omits fields."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from misbehaving_server import Behaviour, MisbehavingServer, Reply, answer, error

from refinegraph.agents.models import Generations, Sampling, generate

PROMPT = [HumanMessage("Write add(a, b).")]
LONG = "def add(a, b):\n    return a + b\n" * 4


async def ask(server: MisbehavingServer, n: int = 1, **sampling: Any) -> Generations:
    return await generate(server.model(), PROMPT, n=n, sampling=Sampling(**sampling))


def texts(generations: Generations) -> list[str]:
    return [choice.text for choice in generations.choices]


async def test_generate_returns_text_tokens_and_usage() -> None:
    with MisbehavingServer(answer("hello", usage=(12, 3))) as server:
        generations = await ask(server)
    (choice,) = generations.choices
    assert (choice.text, choice.finish_reason, choice.tokens) == ("hello", "stop", 3)
    usage = generations.usage
    assert (usage.llm_calls, usage.prompt_tokens, usage.completion_tokens) == (1, 12, 3)
    assert usage.unpriced_calls == 1
    assert usage.cost_usd is None


async def test_generate_sends_roles_and_only_the_sampling_that_is_set() -> None:
    prompt = [SystemMessage("Be brief."), HumanMessage("Hi."), AIMessage("Yes?"), HumanMessage("!")]
    with MisbehavingServer(answer("ok")) as server:
        await generate(
            server.model(), prompt, n=2, sampling=Sampling(temperature=0.5, stop=("END",), seed=7)
        )
    first = server.requests[0]
    assert [each["role"] for each in first["messages"]] == ["system", "user", "assistant", "user"]
    assert (first["n"], first["temperature"], first["stop"], first["seed"]) == (2, 0.5, ["END"], 7)
    assert not {"max_tokens", "top_p", "logprobs"} & first.keys()
    assert server.requests[1]["seed"] == 8


async def test_generate_takes_n_choices_from_one_request() -> None:
    with MisbehavingServer(answer("a", "b", "c", usage=(10, 6))) as server:
        generations = await ask(server, n=3)
    assert texts(generations) == ["a", "b", "c"]
    assert len(server.requests) == generations.usage.llm_calls == 1
    assert sum(choice.tokens for choice in generations.choices) == 6


async def test_generate_asks_for_the_rest_where_n_is_ignored_and_remembers_it() -> None:
    with MisbehavingServer(answer("a", usage=(10, 2))) as server:
        model = server.model()
        generations = await generate(model, PROMPT, n=4)
        assert texts(generations) == ["a"] * 4
        assert [request.get("n", 1) for request in server.requests] == [4, 1, 1, 1]
        assert generations.usage.prompt_tokens == 40
        await generate(model, PROMPT, n=2)
    assert [request.get("n", 1) for request in server.requests[4:]] == [1, 1]


async def test_generate_splits_by_what_a_server_returns_at_most() -> None:
    def at_most_three(request: dict[str, Any]) -> Reply:
        return answer(*["x"] * min(3, request.get("n", 1)))

    with MisbehavingServer(at_most_three) as server:
        model = server.model()
        assert len((await generate(model, PROMPT, n=7)).choices) == 7
        server.requests.clear()
        assert len((await generate(model, PROMPT, n=7)).choices) == 7
    assert sorted(request.get("n", 1) for request in server.requests) == [1, 3, 3]


async def test_generate_falls_back_to_single_requests_where_n_is_refused() -> None:
    def only_one(request: dict[str, Any]) -> Reply:
        refusal = error(400, "'n' : number must be at most 1 with this model")
        return refusal if request.get("n", 1) > 1 else answer("one")

    with MisbehavingServer(only_one) as server:
        assert texts(await ask(server, n=3)) == ["one"] * 3


async def test_generate_never_returns_more_than_n() -> None:
    with MisbehavingServer(answer("a", "b", "c")) as server:
        assert texts(await ask(server)) == ["a"]


async def test_generate_returns_what_came_where_some_requests_fail() -> None:
    with MisbehavingServer(answer("a"), error(401, "no")) as server:
        generations = await ask(server, n=3)
    assert texts(generations) == ["a"]


@dataclass(frozen=True)
class Case:
    id: str
    reply: Reply
    n: int
    completion: tuple[int, int]


USAGE_CASES = [
    Case("no usage", answer(LONG, usage=None), 1, (len(LONG) // 4, len(LONG) // 4)),
    Case("usage of zeros", answer(LONG, usage=(0, 0)), 1, (len(LONG) // 4, len(LONG) // 4)),
    Case(
        "one choice counted, llama.cpp", answer(*[LONG] * 2, usage=(9, 40), timings={}), 2, (80, 80)
    ),
    Case(
        "all choices counted, llama.cpp",
        answer(*[LONG] * 2, usage=(9, 70), timings={}),
        2,
        (70, 70),
    ),
    Case("one choice counted", answer(*[LONG] * 4, usage=(9, 36)), 4, (144, 144)),
    Case("all choices counted", answer(*[LONG] * 4, usage=(9, 150)), 4, (150, 150)),
]


@pytest.mark.parametrize("case", USAGE_CASES, ids=lambda case: case.id)
async def test_usage_counts_every_choice(case: Case) -> None:
    with MisbehavingServer(case.reply) as server:
        generations = await ask(server, n=case.n)
    low, high = case.completion
    assert low <= generations.usage.completion_tokens <= high
    assert generations.usage.prompt_tokens > 0
    assert sum(choice.tokens for choice in generations.choices) == (
        generations.usage.completion_tokens
    )


EMPTY: dict[str, Behaviour] = {
    "null content": answer(None),
    "empty content": answer(""),
    "no choices": answer(),
}


@pytest.mark.parametrize("name", EMPTY)
async def test_an_answer_without_text_is_retried_once_and_paid_for(name: str) -> None:
    with MisbehavingServer(EMPTY[name]) as server:
        generations = await ask(server)
    assert texts(generations) == [""]
    assert len(server.requests) == 2
    assert (generations.usage.llm_calls, generations.usage.retries) == (2, 1)
    assert generations.usage.prompt_tokens == 20


async def test_an_answer_without_text_may_be_followed_by_one_with_text() -> None:
    with MisbehavingServer(answer(None), answer("there")) as server:
        generations = await ask(server)
    assert texts(generations) == ["there"]


async def test_empty_choices_for_several_are_asked_for_one_by_one() -> None:
    def none_at_once(request: dict[str, Any]) -> Reply:
        return answer() if request.get("n", 1) > 1 else answer("x")

    with MisbehavingServer(none_at_once) as server:
        assert texts(await ask(server, n=3)) == ["x"] * 3


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("<think>so</think>42", None),
        ("so</think>\n42", None),
        ("42", "reasoning_content"),
        ("42", "reasoning"),
    ],
)
async def test_thinking_is_kept_apart(content: str, field: str | None) -> None:
    reply = answer(content)
    if field:
        body = json.loads(reply.body)
        body["choices"][0]["message"][field] = "so"
        reply = reply._replace(body=json.dumps(body))
    with MisbehavingServer(reply) as server:
        (choice,) = (await ask(server)).choices
    assert (choice.text, choice.reasoning) == ("42", "so")


async def test_logprobs_are_asked_for_and_read() -> None:
    body = json.loads(answer("ab").body)
    token = {"token": "ab", "logprob": -0.5, "bytes": None}
    body["choices"][0]["logprobs"] = {"content": [{**token, "top_logprobs": [token]}]}
    with MisbehavingServer(Reply(body=json.dumps(body))) as server:
        (choice,) = (await ask(server, logprobs=1)).choices
    assert server.requests[0]["logprobs"] is True
    assert server.requests[0]["top_logprobs"] == 1
    assert choice.logprobs is not None
    assert choice.logprobs[0].top[0] == ("ab", -0.5)


async def test_an_answer_of_five_megabytes_is_read() -> None:
    with MisbehavingServer(answer("x" * 5_000_000)) as server:
        assert len(texts(await ask(server))[0]) == 5_000_000
