"""Runs that ask the model of the MCP host, which needs no key."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from mcp.client import Client
from mcp.types import (
    INVALID_REQUEST,
    CreateMessageRequestParams,
    CreateMessageResult,
    ErrorData,
    InputRequiredResult,
    TextContent,
)
from serving_tools import PATIENCE, RIGHT, TESTS, WRONG, Serving

from refinegraph.agents.models import Sampling
from refinegraph.errors import ModelRequestRefused
from refinegraph.mcp import HostChatModel, create_mcp_server
from refinegraph.mcp.host_model import ask_host
from refinegraph.options import RunOptions
from refinegraph.toolbox import Toolbox
from refinegraph.tools.sandbox import Sandbox

SOLVE = {"problem": "Write add(a, b).", "tests": TESTS}
Connect = Callable[..., AbstractAsyncContextManager[Client]]


class Host:
    """A host whose model gives the scripted answers, and then repeats the last one."""

    def __init__(self, *answers: str | ErrorData) -> None:
        self.answers = answers
        self.asked: list[CreateMessageRequestParams] = []

    async def sample(
        self, context: Any, params: CreateMessageRequestParams
    ) -> CreateMessageResult | ErrorData:
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(params)
        if isinstance(answer, ErrorData):
            return answer
        content = TextContent(text=answer)
        return CreateMessageResult(
            role="assistant", content=content, model="theirs", stop_reason="endTurn"
        )


def server(patience: float = PATIENCE) -> Any:
    tools = Toolbox(RunOptions(model=HostChatModel()), Sandbox())
    return create_mcp_server(tools, patience=patience)


@asynccontextmanager
async def in_process(host: Host, **more: Any) -> AsyncGenerator[Client]:
    async with Client(server(), sampling_callback=host.sample, **more) as client:
        yield client


@asynccontextmanager
async def over_http(host: Host, **more: Any) -> AsyncGenerator[Client]:
    serving = await asyncio.to_thread(Serving, server().streamable_http_app(), lifespan=True)
    try:
        address = f"{serving.address}/mcp"
        async with Client(address, sampling_callback=host.sample, **more) as client:
            yield client
    finally:
        await asyncio.to_thread(serving.close)


@pytest.mark.parametrize("mode", ["legacy", "auto"], ids=["asked by the server", "in the result"])
@pytest.mark.parametrize("connect", [in_process, over_http], ids=["in process", "http"])
async def test_a_run_asks_the_model_of_the_host(connect: Connect, mode: str) -> None:
    host = Host(WRONG, "VERDICT: wrong", RIGHT)
    async with connect(host, mode=mode) as client:
        done = await client.call_tool("solve", SOLVE)
    assert not done.is_error, done.content
    assert done.structured_content
    assert done.structured_content["verdict"] == "proved"
    assert done.structured_content["usage"]["llm_calls"] == len(host.asked)
    first = host.asked[0]
    said = first.messages[0].content
    assert isinstance(said, TextContent)
    assert "Write add(a, b)." in said.text
    assert first.system_prompt
    assert first.max_tokens > 0


async def test_what_is_sampled_together_is_asked_together() -> None:
    host = Host(WRONG)
    asked = {**SOLVE, "strategy": "best-of-n", "samples": 4}
    async with in_process(host, input_required_max_rounds=1) as client:
        done = await client.call_tool("solve", asked)
    assert not done.is_error, done.content
    assert len(host.asked) == 4


async def test_review_asks_the_host_too() -> None:
    host = Host("VERDICT: wrong\nWRONG STEP: it subtracts")
    async with in_process(host) as client:
        done = await client.call_tool("review", {"problem": "Add.", "program": WRONG})
    assert done.structured_content
    assert not done.structured_content["approves"]
    assert len(host.asked) == 1


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_host_without_sampling_is_told_what_to_do(mode: Any) -> None:
    async with Client(server(), mode=mode) as client:
        done = await client.call_tool("solve", SOLVE)
        checked = await client.call_tool("verify", {"program": RIGHT, "tests": TESTS})
    text: Any = done.content[0]
    assert done.is_error
    assert "start the server with --model NAME" in text.text
    assert not checked.is_error


async def test_a_host_that_declines_ends_the_run_with_its_words() -> None:
    declined = ErrorData(code=INVALID_REQUEST, message="the user said no")
    async with in_process(Host(declined), mode="legacy") as client:
        done = await client.call_tool("solve", SOLVE)
    text: Any = done.content[0]
    assert done.is_error
    assert "the user said no" in text.text


async def test_a_run_that_the_client_forgets_is_given_up() -> None:
    async with Client(server(patience=0.0), sampling_callback=Host(RIGHT).sample) as client:
        call = client.session.call_tool
        first = await call("solve", SOLVE, allow_input_required=True)
        assert isinstance(first, InputRequiredResult)
        assert first.input_requests
        await asyncio.sleep(0)
        late = await client.call_tool("solve", SOLVE, request_state=first.request_state)
    text: Any = late.content[0]
    assert late.is_error
    assert "call the tool again" in text.text


async def test_an_answer_that_is_missing_fails_its_question() -> None:
    async with Client(server(), sampling_callback=Host(RIGHT).sample) as client:
        first = await client.session.call_tool("solve", SOLVE, allow_input_required=True)
        assert isinstance(first, InputRequiredResult)
        done = await client.call_tool("solve", SOLVE, request_state=first.request_state)
    text: Any = done.content[0]
    assert done.is_error
    assert "returned no answer" in text.text


async def test_outside_of_a_call_there_is_no_host() -> None:
    with pytest.raises(ModelRequestRefused, match="only within an MCP tool call"):
        await HostChatModel().sample([HumanMessage("Hello")])


async def test_roles_limits_and_prefixes_reach_the_host() -> None:
    host = Host("</think>b c")
    token = ask_host.set(lambda params: host.sample(None, params))  # type: ignore[arg-type,return-value]
    try:
        turns = [SystemMessage("Be brief."), HumanMessage("Count."), AIMessage("1")]
        sampling = Sampling(
            max_tokens=7, temperature=0.5, stop=("END",), prefix="a ", on_missing_prefix="ask"
        )
        done = await HostChatModel().sample(turns, sampling=sampling)
    finally:
        ask_host.reset(token)
    asked = host.asked[0]
    assert asked.system_prompt == "Be brief."
    assert [message.role for message in asked.messages] == [
        "user",
        "assistant",
        "assistant",
        "user",
    ]
    assert (asked.max_tokens, asked.temperature, asked.stop_sequences) == (7, 0.5, ["END"])
    assert done.choices[0].text == "a b c"
    assert done.usage.llm_calls == 1


def test_the_command_takes_host_as_a_model(tmp_path: Path) -> None:
    from refinegraph.mcp.host_model import uses_host_model, with_host_model

    own = with_host_model(RunOptions(model="openai/x", reviewer_model="host"))
    assert own.model == "openai/x"
    assert isinstance(own.reviewer_model, HostChatModel)
    assert uses_host_model(own)
    assert not uses_host_model(RunOptions(model="embedded"))
