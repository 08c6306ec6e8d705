"""The Responses interface as seen by OpenAI's own client."""

import json
from collections.abc import Callable, Generator
from typing import Any

import httpx
import openai
import pytest
from serving_tools import RIGHT, TESTS, Served
from starlette.testclient import TestClient

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.options import RunOptions
from refinegraph.serving import ServerSettings, create_app

PROGRAM = "```python\ndef add(a, b):\n    return a + b\n```"
ASKED = {"model": "adaptive/openai/m", "input": "Write add(a, b)."}
WITH_TESTS = {"refinegraph": {"tests": TESTS}}
TOOLS = [{"type": "function", "name": "look", "parameters": {"type": "object"}}]
Connect = Callable[[Served], Any]


@pytest.fixture
def client_of() -> Generator[Connect]:
    clients: list[openai.OpenAI] = []

    def connect(server: Served) -> openai.OpenAI:
        clients.append(openai.OpenAI(base_url=server.base, api_key="none", max_retries=0))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def test_a_task_with_tests_is_answered_with_a_proved_program(
    served: Callable[..., Served], client_of: Connect
) -> None:
    server = served(RIGHT)
    done = client_of(server).responses.create(**ASKED, extra_body=WITH_TESTS)
    assert done.status == "completed"
    assert done.output_text == PROGRAM
    assert [item.type for item in done.output] == ["reasoning", "message"]
    assert "2 given" in done.output[0].summary[0].text
    assert done.model_extra["refinegraph"]["verdict"] == "proved"
    assert done.usage.input_tokens == server.upstream.prompt_tokens
    assert done.usage.output_tokens == server.upstream.completion_tokens


@pytest.mark.parametrize("strategy", ["adaptive", "single"])
def test_a_stream_is_put_together_by_the_client(
    served: Callable[..., Served], client_of: Connect, strategy: str
) -> None:
    asked = {**ASKED, "model": f"{strategy}/openai/m"}
    with client_of(served(RIGHT)).responses.stream(**asked, extra_body=WITH_TESTS) as stream:
        events = list(stream)
        final = stream.get_final_response()
    text = RIGHT if strategy == "single" else PROGRAM
    assert final.output_text == text
    assert final.model_extra["refinegraph"]["solved"] is True
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == text
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    assert kinds.count("response.output_item.added") == kinds.count("response.output_item.done")


def test_the_conversation_and_its_settings_reach_the_model(
    served: Callable[..., Served], client_of: Connect
) -> None:
    server = served(RIGHT)
    turns = [
        {"role": "user", "content": [{"type": "input_text", "text": "Write add(a, b)."}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "def add: ..."}]},
        {"role": "user", "content": "Again."},
    ]
    client_of(server).responses.create(
        model="single/openai/m",
        input=turns,
        instructions="Be brief.",
        max_output_tokens=99,
        temperature=0.1,
        extra_body=WITH_TESTS,
    )
    asked = server.upstream.asked[0]
    said = json.dumps(asked["messages"])
    assert (asked["max_tokens"], asked["temperature"]) == (99, 0.1)
    for part in ("Be brief.", "Write add(a, b).", "def add: ...", "Again."):
        assert part in said


RAW = b'{"id":"resp_1","object":"response","output":[{"type":"function_call","arguments":"{ }"}]}'
RAW_STREAM = (
    b'event: response.output_item.done\ndata: {"item":{"arguments":"{ }"}}\n\n'
    b'event: response.completed\ndata: {"response":{"usage":{"input_tokens":3,"output_tokens":2}}}'
    b"\n\n"
)


@pytest.mark.parametrize("stream", [False, True])
def test_tools_pass_through_byte_by_byte(served: Callable[..., Served], stream: bool) -> None:
    server = served("")
    server.upstream.raw = RAW_STREAM if stream else RAW
    body = {**ASKED, "tools": TOOLS, "stream": stream, "store": False}
    done = httpx.post(f"{server.base}/responses", json={**body, **WITH_TESTS}, timeout=60)
    assert done.content == server.upstream.raw
    assert done.headers["x-refinegraph-reason"] == "it has tools"
    assert server.upstream.asked == [{**body, "model": "m"}]


def test_the_turn_after_a_tool_call_passes_through(served: Callable[..., Served]) -> None:
    server = served("")
    server.upstream.raw = RAW
    output = {"type": "function_call_output", "call_id": "c1", "output": "add(1, 2) == 3"}
    body = {**ASKED, "input": [{"role": "user", "content": "Look."}, output]}
    done = httpx.post(f"{server.base}/responses", json=body, timeout=60)
    assert done.content == RAW


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id cannot be used"),
        ({"input": []}, "input: expected a text"),
        ({"input": [3]}, "input: 3 is no item"),
        ({"input": [{"content": "x"}]}, "messages[0].role"),
        ({"model": "nope"}, "model 'nope' is not served"),
    ],
)
def test_bad_requests_are_one_sentence(change: dict[str, Any], said: str) -> None:
    model = ScriptedChatModel(RIGHT, cycle=True, name="mine")
    app = create_app(ServerSettings(RunOptions(model=model)))
    client = TestClient(app, base_url="http://localhost")
    refused = client.post("/v1/responses", json={**ASKED, "model": "single/mine", **change})
    assert refused.json()["error"]["message"].startswith(said)


def test_an_error_ends_a_stream(served: Callable[..., Served], client_of: Connect) -> None:
    server = served("")
    server.upstream.raw, server.upstream.status = b'{"error": {"message": "no such model"}}', 404
    asked = {**ASKED, "model": "single/openai/m"}
    stream = client_of(server).responses.create(**asked, stream=True, extra_body=WITH_TESTS)
    *_, error, failed = stream
    assert (error.type, error.code) == ("error", "refused_by_model")
    assert "no such model" in error.message
    assert (failed.type, failed.response.status) == ("response.failed", "failed")
