"""Local models, and providers that only litellm supports."""

import json
from collections.abc import Callable, Generator
from typing import Any

import pytest
from serving_tools import ASK, RIGHT, TESTS, Serving, Upstream
from starlette.testclient import TestClient

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.options import RunOptions
from refinegraph.serving import ServerSettings, create_app


def client_of(model: Any, **options: Any) -> TestClient:
    app = create_app(ServerSettings(RunOptions(model=model, **options)))
    return TestClient(app, base_url="http://localhost")


def scripted(*texts: str) -> ScriptedChatModel:
    return ScriptedChatModel(texts, cycle=True, name="mine")


def ask(client: TestClient, **fields: Any) -> Any:
    body = {"model": "adaptive/mine", "messages": ASK, **fields}
    return client.post("/v1/chat/completions", json=body)


def test_a_model_of_this_process_answers_alone() -> None:
    model = scripted("one two")
    done = ask(client_of(model), model="mine", n=2, temperature=0.5, stop=[" t"]).json()
    texts = [choice["message"]["content"] for choice in done["choices"]]
    assert texts == ["one", "one"]
    assert model.calls[0].sampling.temperature == 0.5
    assert "refinegraph" not in done


def test_a_model_of_this_process_streams() -> None:
    done = ask(client_of(scripted("<think>hm</think>one\ntwo")), model="mine", stream=True)
    chunks = [json.loads(line[6:]) for line in done.text.splitlines() if line.startswith("data: {")]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert "".join(delta.get("content", "") for delta in deltas) == "one\ntwo"
    assert "".join(delta.get("reasoning_content", "") for delta in deltas) == "hm"
    assert done.text.endswith("data: [DONE]\n\n")


def test_tools_for_a_model_that_takes_none_are_refused() -> None:
    done = ask(client_of(scripted("one")), tools=[{"type": "function"}])
    assert done.status_code == 400
    assert done.json()["error"]["code"] == "unsupported_field"


def test_a_schema_reaches_a_model_of_this_process() -> None:
    model = scripted('{"a": 1}')
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    ask(client_of(model), response_format=form)
    assert model.calls[0].sampling.json_schema == '{"type": "object"}'


def test_a_model_that_gives_nothing_usable_is_an_error() -> None:
    done = ask(
        client_of(scripted("")), model="single/mine", refinegraph={"tests": TESTS, "kind": "code"}
    )
    assert done.status_code == 502
    assert "gave no usable answer" in done.json()["error"]["message"]


@pytest.mark.parametrize("strategy", ["single", "best-of-n:2"])
def test_a_text_without_a_program_is_sent_as_it_is(strategy: str) -> None:
    asked = client_of(scripted("Which add do you mean?"))
    done = ask(asked, model=f"{strategy}/mine", refinegraph={"tests": TESTS, "kind": "code"})
    assert done.status_code == 200
    assert done.json()["choices"][0]["message"]["content"] == "Which add do you mean?"
    assert done.json()["refinegraph"]["verdict"] == "no answer"


@pytest.fixture
def upstream() -> Generator[Callable[..., tuple[Upstream, str]]]:
    started: list[Serving] = []

    def start(text: str) -> tuple[Upstream, str]:
        upstream = Upstream(lambda _: text)
        upstream.held.set()
        started.append(Serving(upstream.app()))
        return upstream, started[-1].base

    yield start
    for serving in started:
        serving.close()


def test_litellm_carries_tools_to_other_providers(
    upstream: Callable[..., tuple[Upstream, str]],
) -> None:
    behind, base = upstream("unused")
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"q":  1}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    about = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
    behind.raw = json.dumps({**about, "choices": [choice], "usage": usage}).encode()
    client = client_of("openrouter/some/m", api_base=base, client="litellm")
    tools = [{"type": "function", "function": {"name": "look", "parameters": {}}}]
    done = ask(client, model="single/openrouter/some/m", tools=tools).json()
    got = done["choices"][0]["message"]["tool_calls"][0]["function"]
    assert got == {"name": "look", "arguments": '{"q":  1}'}
    assert behind.asked[0]["tools"] == tools


@pytest.mark.filterwarnings("ignore:Accessing the 'model_(computed_)?fields'")
def test_litellm_streams_for_other_providers(
    upstream: Callable[..., tuple[Upstream, str]],
) -> None:
    behind, base = upstream(RIGHT)
    client = client_of("openrouter/some/m", api_base=base, client="litellm")
    done = ask(client, model="openrouter/some/m", stream=True)
    chunks = [json.loads(line[6:]) for line in done.text.splitlines() if line.startswith("data: {")]
    text = "".join(c["delta"].get("content") or "" for chunk in chunks for c in chunk["choices"])
    assert text == RIGHT
    assert not any(chunk.get("usage") for chunk in chunks)
    assert len(behind.asked) == 1
