"""The server as seen by LangChain's and litellm's clients."""

from collections.abc import Callable
from typing import Any

import pytest
from serving_tools import RIGHT, TESTS, Served

PROGRAM = "```python\ndef add(a, b):\n    return a + b\n```"


def chat(server: Served, **more: Any) -> Any:
    langchain_openai = pytest.importorskip("langchain_openai")
    return langchain_openai.ChatOpenAI(
        base_url=server.base,
        api_key="none",
        model="adaptive/openai/m",
        max_retries=0,
        extra_body={"refinegraph": {"tests": TESTS}},
        **more,
    )


def test_langchain_gets_a_proved_answer_and_its_usage(served: Callable[..., Served]) -> None:
    server = served(RIGHT)
    message = chat(server).invoke("Write add(a, b).")
    assert message.content == PROGRAM
    assert message.usage_metadata["input_tokens"] == server.upstream.prompt_tokens


def test_langchain_streams(served: Callable[..., Served]) -> None:
    server = served(RIGHT)
    chunks = list(chat(server, stream_usage=True).stream("Write add(a, b)."))
    assert "".join(chunk.content for chunk in chunks) == PROGRAM
    counted = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    assert counted[-1]["output_tokens"] == server.upstream.completion_tokens


def test_langchain_tools_pass_through(served: Callable[..., Served]) -> None:
    server = served("", hold=False)
    server.upstream.raw = (
        b'{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,'
        b'"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",'
        b'"function":{"name":"look","arguments":"{\\"q\\": 1}"}}]},"finish_reason":"tool_calls"}]}'
    )

    def look(q: int) -> int:
        """Look something up."""
        return q

    message = chat(server).bind_tools([look]).invoke("Look 1 up.")
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("look", {"q": 1})]


def test_litellm_gets_a_proved_answer(served: Callable[..., Served]) -> None:
    from refinegraph.agents.models.providers.litellm_setup import load_litellm

    server = served(RIGHT)
    done = load_litellm().completion(
        model="openai/adaptive/openai/m",
        api_base=server.base,
        api_key="none",
        messages=[{"role": "user", "content": "Write add(a, b)."}],
        extra_body={"refinegraph": {"tests": TESTS}},
    )
    assert done.choices[0].message.content == PROGRAM
    assert "2 given" in done.choices[0].message.reasoning_content
    assert done.usage.prompt_tokens == server.upstream.prompt_tokens
