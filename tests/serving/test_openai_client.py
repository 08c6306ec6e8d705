"""The server as seen by OpenAI's own client."""

from collections.abc import Callable, Generator
from typing import Any

import openai
import pytest
from serving_tools import ASK, RIGHT, TESTS, WRONG, Served

PROGRAM = "```python\ndef add(a, b):\n    return a + b\n```"
WITH_TESTS = {"refinegraph": {"tests": TESTS}}


Connect = Callable[[Served], Any]
"""Untyped, because the client's types do not contain the fields that this server adds."""


@pytest.fixture
def client_of() -> Generator[Connect]:
    """Connect to a server with OpenAI's client, and close the client afterwards."""
    clients: list[openai.OpenAI] = []

    def connect(server: Served) -> openai.OpenAI:
        clients.append(openai.OpenAI(base_url=server.base, api_key="none", max_retries=0))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def test_the_menu_lists_strategies_with_models(
    served: Callable[..., Served], client_of: Connect
) -> None:
    client = client_of(served(RIGHT))
    names = [model.id for model in client.models.list()]
    assert names[0] == "adaptive/openai/m"
    assert {"best-of-n:8/openai/m", "single/openai/m", "openai/m"} <= set(names)
    assert client.models.retrieve("best-of-n:3/openai/m").id == "best-of-n:3/openai/m"


def test_a_task_with_tests_is_answered_with_a_proved_program(
    served: Callable[..., Served], client_of: Connect
) -> None:
    answers = iter([WRONG, "VERDICT: wrong", *[RIGHT] * 50])
    server = served(lambda _: next(answers))
    done = client_of(server).chat.completions.create(
        model="adaptive/openai/m", messages=ASK, extra_body=WITH_TESTS
    )
    note: Any = done.model_extra["refinegraph"]
    assert done.choices[0].message.content == PROGRAM
    assert done.choices[0].finish_reason == "stop"
    assert (note["verdict"], note["solved"]) == ("proved", True)
    assert note["usage"]["llm_calls"] == len(server.upstream.asked) > 1
    assert done.usage
    assert done.usage.prompt_tokens == server.upstream.prompt_tokens
    assert done.usage.completion_tokens == server.upstream.completion_tokens


@pytest.mark.parametrize("strategy", ["adaptive", "best-of-n:2", "single"])
def test_a_stream_reports_progress_and_then_the_answer(
    served: Callable[..., Served], client_of: Connect, strategy: str
) -> None:
    server = served(RIGHT)
    stream = client_of(server).chat.completions.create(
        model=f"{strategy}/openai/m",
        messages=ASK,
        stream=True,
        stream_options={"include_usage": True},
        extra_body=WITH_TESTS,
    )
    chunks = list(stream)
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    content = "".join(delta.content or "" for delta in deltas)
    reasoning = "".join((delta.model_extra or {}).get("reasoning_content", "") for delta in deltas)
    assert deltas[0].role == "assistant"
    assert content == (RIGHT if strategy == "single" else PROGRAM)
    assert "passes both visible tests" in reasoning
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]][-1] == "stop"
    assert chunks[-2].model_extra["refinegraph"]["verdict"] == "proved"
    assert chunks[-1].choices == []
    assert chunks[-1].usage.prompt_tokens == server.upstream.prompt_tokens
    assert chunks[-1].usage.completion_tokens == server.upstream.completion_tokens
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_the_answer_of_single_comes_while_it_is_written(
    served: Callable[..., Served], client_of: Connect
) -> None:
    stream = client_of(served(RIGHT)).chat.completions.create(
        model="single/openai/m", messages=ASK, stream=True, extra_body=WITH_TESTS
    )
    pieces = [chunk.choices[0].delta.content for chunk in stream]
    assert [piece for piece in pieces if piece] == RIGHT.splitlines(keepends=True)


def test_the_strategy_can_be_named_beside_the_model(
    served: Callable[..., Served], client_of: Connect
) -> None:
    done = client_of(served(RIGHT)).chat.completions.create(
        model="openai/m",
        messages=ASK,
        extra_body={"refinegraph": {"tests": TESTS, "strategy": "best-of-n", "samples": 2}},
    )
    assert done.model_extra["refinegraph"]["strategy"] == "best-of-n"
    assert done.model_extra["refinegraph"]["candidates"] == 2


def test_several_choices_are_several_runs(
    served: Callable[..., Served], client_of: Connect
) -> None:
    server = served(RIGHT)
    done = client_of(server).chat.completions.create(
        model="single/openai/m", messages=ASK, n=3, extra_body=WITH_TESTS
    )
    assert [choice.index for choice in done.choices] == [0, 1, 2]
    assert all(choice.model_extra["refinegraph"]["solved"] for choice in done.choices)
    assert done.usage
    assert done.usage.total_tokens == (
        server.upstream.prompt_tokens + server.upstream.completion_tokens
    )


def test_the_protocols_own_fields_reach_the_model(
    served: Callable[..., Served], client_of: Connect
) -> None:
    server = served(RIGHT)
    client_of(server).chat.completions.create(
        model="best-of-n:2/openai/m",
        messages=ASK,
        temperature=0.3,
        max_completion_tokens=77,
        seed=5,
        extra_body=WITH_TESTS,
    )
    asked = server.upstream.asked[0]
    assert (asked["temperature"], asked["max_tokens"], asked["seed"]) == (0.3, 77, 5)
    assert sum(request.get("n", 1) for request in server.upstream.asked) == 2


def test_stop_texts_end_the_answer(served: Callable[..., Served], client_of: Connect) -> None:
    done = client_of(served(RIGHT)).chat.completions.create(
        model="single/openai/m", messages=ASK, stop=["\n\n"], extra_body=WITH_TESTS
    )
    assert done.choices[0].message.content == "Here it is:"


def test_examples_in_the_message_make_it_a_task(
    served: Callable[..., Served], client_of: Connect
) -> None:
    asked = "Write a function add(a, b).\n\n>>> add(1, 2)\n3\n"
    done = client_of(served(RIGHT)).chat.completions.create(
        model="adaptive/openai/m", messages=[{"role": "user", "content": asked}]
    )
    assert done.model_extra["refinegraph"]["evidence"] == (
        "passes the one visible test from the statement"
    )


def test_a_question_of_another_kind_is_answered_as_it_was_written(
    served: Callable[..., Served], client_of: Connect
) -> None:
    done = client_of(served("So it is \\boxed{4}.")).chat.completions.create(
        model="self-consistency:3/openai/m",
        messages=[{"role": "user", "content": "What is 2 + 2?"}],
        extra_body={"refinegraph": {"kind": "math"}},
    )
    assert done.choices[0].message.content == "So it is \\boxed{4}."
    assert done.model_extra["refinegraph"]["verdict"] == "unverified"


def test_a_model_that_fails_is_an_error_that_is_not_tried_again(
    served: Callable[..., Served], client_of: Connect
) -> None:
    server = served("")
    server.upstream.raw, server.upstream.status = b'{"error": {"message": "no such model"}}', 404
    with pytest.raises(openai.BadRequestError) as failed:
        client_of(server).chat.completions.create(
            model="single/openai/m", messages=ASK, extra_body=WITH_TESTS
        )
    assert failed.value.code == "refused_by_model"
    assert "no such model" in failed.value.message
    assert failed.value.response.headers["x-should-retry"] == "false"


def test_an_error_ends_a_stream(served: Callable[..., Served], client_of: Connect) -> None:
    server = served("")
    server.upstream.raw, server.upstream.status = b'{"error": {"message": "no such model"}}', 404
    stream = client_of(server).chat.completions.create(
        model="single/openai/m", messages=ASK, stream=True, extra_body=WITH_TESTS
    )
    with pytest.raises(openai.APIError, match="no such model"):
        list(stream)
