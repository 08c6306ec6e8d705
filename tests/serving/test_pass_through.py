"""Forwarded requests: tools, background tasks, and questions that cannot be checked."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from serving_tools import ASK, RIGHT, TESTS, Served

TOOL_CALL = (
    b'{"id":"x1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_9","type":'
    b'"function","function":{"name":"look","arguments":"{\\"q\\":  \\"\\u00fc\\", \\"n\\": 1e3}"'
    b'}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":9,"completion_tokens":3,'
    b'"total_tokens":12},"timings":{"x":1.0}}'
)
STREAM = (
    b'data: {"id":"x1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_9",'
    b'"function":{"name":"look","arguments":"{\\"q\\""}}]}}]}\n\n'
    b'data:{"id":"x1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":'
    b'{"arguments":": \\"\\u00fc\\"}"}}]}}]}\r\n\r\n'
    b'data: {"id":"x1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\n'
)
COUNTED = b'data: {"id":"x1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3}}\n\n'
DONE = b"data: [DONE]\n\n"
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]

TITLE = """### Task:
Generate a concise, 3-5 word title with an emoji summarizing the chat history.
### Guidelines:
- The title should clearly represent the main theme or subject of the conversation.
### Output:
JSON format: { "title": "your concise title here" }
### Chat History:
<chat_history>
USER: Write a function add(a, b). add(1, 2) == 3
ASSISTANT: def add(a, b): return a + b
</chat_history>"""
TAGS = """### Task:
Generate 1-3 broad tags categorizing the main themes of the chat history, along with 1-3 more \
specific subtopic tags.

### Guidelines:
- Start with high-level domains (e.g. Science, Technology, Philosophy)

### Output:
JSON format: { "tags": ["tag1", "tag2", "tag3"] }

### Chat History:
<chat_history>
USER: Write a function add(a, b). add(1, 2) == 3
</chat_history>"""
FOLLOW_UPS = """### Task:
Suggest 3-5 relevant follow-up questions or prompts that the user might naturally ask next in this \
conversation as a **user**, based on the chat history, to help continue or deepen the discussion.
### Guidelines:
- Write all follow-up questions from the user's point of view, directed to the assistant.
### Output:
JSON format: { "follow_ups": ["Question 1?", "Question 2?", "Question 3?"] }
### Chat History:
<chat_history>
USER: Write a function add(a, b). add(1, 2) == 3
</chat_history>"""

MERGED = """You have been provided with a set of responses from various models to the latest user \
query: "Write a function add(a, b).

>>> add(1, 2)
3"

Your task is to synthesize these responses into a single, high-quality response."""
TOOL_CHOICE = """Available Tools: [{"name": "add"}]

Your task is to choose and return the correct tool(s) from the list of available tools based on \
the query. Follow these guidelines:"""


def post(server: Served, **fields: Any) -> httpx.Response:
    body = {"model": "adaptive/openai/m", "messages": ASK, **fields}
    return httpx.post(f"{server.base}/chat/completions", json=body, timeout=60)


def raw(served: Callable[..., Served], body: bytes, **more: Any) -> Served:
    server = served("", **more)
    server.upstream.raw = body
    return server


def test_tool_calls_arrive_byte_by_byte(served: Callable[..., Served]) -> None:
    server = raw(served, TOOL_CALL)
    asked = {"tools": TOOLS, "tool_choice": "auto", "new_field": {"a": [1, None]}}
    done = post(server, **asked, refinegraph={"tests": TESTS})
    assert done.content == TOOL_CALL
    assert done.headers["x-refinegraph-mode"] == "pass-through"
    assert done.headers["x-refinegraph-reason"] == "it has tools"
    assert server.upstream.asked == [{"model": "m", "messages": ASK, **asked}]


@pytest.mark.parametrize("wants_usage", [False, True])
def test_streamed_tool_calls_arrive_byte_by_byte(
    served: Callable[..., Served], wants_usage: bool
) -> None:
    server = raw(served, STREAM + COUNTED + DONE)
    options = {"stream_options": {"include_usage": True}} if wants_usage else {}
    done = post(server, tools=TOOLS, stream=True, **options)
    assert done.content == STREAM + (COUNTED if wants_usage else b"") + DONE
    assert done.headers["content-type"].startswith("text/event-stream")
    assert server.upstream.asked[0]["stream_options"] == {"include_usage": True}


def test_the_turn_after_a_tool_call_passes_through(served: Callable[..., Served]) -> None:
    call = json.loads(TOOL_CALL)["choices"][0]["message"]
    turns = [*ASK, call, {"role": "tool", "tool_call_id": "call_9", "content": "add(1, 2) == 3"}]
    server = served("seen")
    done = post(server, messages=turns)
    assert done.json()["choices"][0]["message"]["content"] == "seen"
    assert server.upstream.asked[0]["messages"] == turns


@pytest.mark.parametrize("prompt", [TITLE, TAGS, FOLLOW_UPS, MERGED])
@pytest.mark.parametrize("stream", [False, True])
def test_the_background_tasks_of_open_webui_cost_one_call(
    served: Callable[..., Served], prompt: str, stream: bool
) -> None:
    server = served('{ "title": "Adding" }')
    done = post(
        server,
        model="best-of-n:16/openai/m",
        messages=[{"role": "user", "content": prompt}],
        stream=stream,
        max_completion_tokens=1000,
    )
    assert "Adding" in done.text
    assert done.headers["x-refinegraph-reason"] == "a chat program asks for itself"
    assert len(server.upstream.asked) == 1


def test_open_webui_lets_the_model_choose_tools_in_one_call(
    served: Callable[..., Served],
) -> None:
    server = served('{"tool_calls": []}')
    query = "Query: History:\nUSER: Write add(a, b).\n>>> add(1, 2)\n3\nQuery: now"
    turns = [{"role": "system", "content": TOOL_CHOICE}, {"role": "user", "content": query}]
    done = post(server, messages=turns, stream=False)
    assert done.json()["choices"][0]["message"]["content"] == '{"tool_calls": []}'
    assert server.upstream.asked[0]["messages"] == turns


def test_a_task_that_calls_itself_one_is_no_background_task(
    served: Callable[..., Served],
) -> None:
    text = "### Task:\nWrite add(a, b).\n\n>>> add(1, 2)\n3\n"
    done = post(served(RIGHT), messages=[{"role": "user", "content": text}])
    assert done.json()["refinegraph"]["verdict"] == "proved"


def test_the_conversation_of_open_webui_is_answered(served: Callable[..., Served]) -> None:
    """The body that Open WebUI sends for a chat: a stream, with usage if the model supports it."""
    turns = [
        {"role": "system", "content": "You are helpful."},
        {"role": "user", "content": [{"type": "text", "text": "How are you?"}]},
    ]
    done = post(
        served("Fine."), messages=turns, stream=True, stream_options={"include_usage": True}
    )
    assert "Fine." in done.text
    assert done.headers["x-refinegraph-reason"].startswith("nothing could check an answer")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"model": "openai/m"}, "the model was asked for by its own name"),
        ({"response_format": {"type": "json_object"}}, "its answer has the form json_object"),
        ({"logprobs": True}, "it asks for log probabilities"),
        ({"messages": [*ASK, {"role": "assistant", "content": "Well,"}]}, "its last message is"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "it has tool calls, pictures or files",
        ),
    ],
)
def test_what_a_strategy_cannot_do_passes_through(
    served: Callable[..., Served], fields: dict[str, Any], reason: str
) -> None:
    server = served(RIGHT)
    done = post(server, **{"refinegraph": {"tests": TESTS}, **fields})
    assert done.status_code == 200
    assert done.headers["x-refinegraph-reason"].startswith(reason)
    assert len(server.upstream.asked) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_servers_refusal_keeps_its_status_and_its_words(
    served: Callable[..., Served], stream: bool
) -> None:
    server = raw(served, b'{"error": {"message": "slow down", "code": 7}}')
    server.upstream.status = 429
    done = post(server, tools=TOOLS, stream=stream)
    assert done.status_code == 429
    assert done.json()["error"]["message"] == "slow down"


def test_a_server_that_is_not_there_is_named(served: Callable[..., Served]) -> None:
    server = served("")
    server.stop_upstream()
    done = post(server, tools=TOOLS)
    assert done.status_code == 502
    assert done.json()["error"]["code"] == "upstream_unreachable"
    assert "openai/m" in done.json()["error"]["message"]
