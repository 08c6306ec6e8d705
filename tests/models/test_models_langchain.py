"""Our models in LangChain and LangGraph, and models of other packages in refinegraph."""

import asyncio
from typing import Any, TypedDict
from uuid import UUID

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models.fake_chat_models import (
    FakeListChatModel,
    FakeMessagesListChatModel,
)
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import LLMResult
from langgraph.graph import (  # pyright: ignore[reportMissingTypeStubs]
    END,
    START,
    StateGraph,
)
from misbehaving_server import MisbehavingServer, Reply, answer, error

from refinegraph.agents.models import Sampling, ScriptedChatModel, generate
from refinegraph.errors import InputError, ModelError

PROMPT: list[BaseMessage] = [HumanMessage("Hi.")]


def test_invoke_works_without_a_loop_several_times() -> None:
    with MisbehavingServer(answer("hello", usage=(5, 2))) as server:
        model = server.model()
        model.invoke(PROMPT)
        message = model.invoke(PROMPT)
    assert message.text == "hello"
    assert isinstance(message, AIMessage)
    assert message.usage_metadata is not None
    assert message.usage_metadata["total_tokens"] == 7


async def test_invoke_works_inside_a_running_loop() -> None:
    assert ScriptedChatModel("x").invoke(PROMPT).text == "x"


async def test_ainvoke_takes_settings_of_langchain() -> None:
    with MisbehavingServer(answer("hello")) as server:
        await server.model().bind(temperature=0.3).ainvoke(PROMPT, stop=["END"])
        with pytest.raises(InputError, match="does not accept tools="):
            await server.model().ainvoke(PROMPT, tools=[1])
    assert server.requests[0]["temperature"] == 0.3
    assert server.requests[0]["stop"] == ["END"]


async def test_astream_yields_pieces() -> None:
    pieces = [{"role": "assistant", "content": "one "}, {"content": "two"}, {}]
    chunk = '{{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{}]}}'
    choice = '{{"index":0,"delta":{},"finish_reason":{}}}'
    body = "".join(
        "data: " + chunk.format(choice.format(str(piece).replace("'", '"'), end)) + "\n\n"
        for piece, end in zip(pieces, ["null", "null", '"stop"'], strict=True)
    )
    stream = Reply(body=body + "data: [DONE]\n\n", content_type="text/event-stream")
    with MisbehavingServer(stream) as server:
        texts = [piece.text async for piece in server.model().astream(PROMPT)]
    assert "".join(texts) == "one two"
    assert len([text for text in texts if text]) == 2


async def test_astream_fails_with_one_sentence() -> None:
    with MisbehavingServer(error(401, "no")) as server:
        stream = server.model().astream(PROMPT)
        with pytest.raises(ModelError, match="check OPENAI_API_KEY"):
            await anext(stream)


class Recorder(AsyncCallbackHandler):
    def __init__(self) -> None:
        self.heard: list[str] = []

    async def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        **kwargs: Any,
    ) -> None:
        self.heard.append(f"start {messages[0][0].text}")

    async def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        self.heard.append(f"end {len(response.generations[0])}")

    async def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self.heard.append(f"error {error}")


class State(TypedDict):
    text: str


def graph_of(model: ScriptedChatModel) -> Any:
    async def node(state: State) -> State:
        generations = await generate(model, PROMPT, n=2, sampling=Sampling(temperature=1))
        return {"text": generations.choices[0].text}

    graph: Any = StateGraph(State)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    graph.add_edge("node", END)
    return graph.compile()


async def test_callbacks_of_a_graph_hear_of_generate() -> None:
    recorder = Recorder()
    config = {"callbacks": [recorder]}
    await graph_of(ScriptedChatModel(["a", "b"])).ainvoke({"text": ""}, config)
    with pytest.raises(ModelError):
        broken = ScriptedChatModel([ModelError("broken")], cycle=True)
        await graph_of(broken).ainvoke({"text": ""}, config)
    assert recorder.heard == ["start Hi.", "end 2", "start Hi.", "error broken"]


async def test_the_messages_stream_of_a_graph_has_the_answers() -> None:
    graph = graph_of(ScriptedChatModel(["a", "b"]))
    parts = [part async for part in graph.astream({"text": ""}, stream_mode="messages")]
    assert [message.text for message, _ in parts] == ["a"]


async def test_a_foreign_model_is_called_once_a_sample() -> None:
    foreign = FakeListChatModel(responses=["a", "b", "c"])
    generations = await generate(foreign, PROMPT, n=3)
    assert sorted(choice.text for choice in generations.choices) == ["a", "b", "c"]
    assert (generations.usage.llm_calls, generations.usage.unpriced_calls) == (3, 3)
    assert generations.usage.completion_tokens == 3


async def test_a_foreign_answer_keeps_its_tokens_and_thinking() -> None:
    message = AIMessage(
        content=[{"type": "thinking", "thinking": "so"}, {"type": "text", "text": "42"}],
        response_metadata={"stop_reason": "end_turn", "model_provider": "anthropic"},
        usage_metadata={"input_tokens": 7, "output_tokens": 9, "total_tokens": 16},
    )
    foreign = FakeMessagesListChatModel(responses=[message])
    generations = await generate(foreign, PROMPT)
    (choice,) = generations.choices
    assert (choice.text, choice.reasoning, choice.finish_reason) == ("42", "so", "end_turn")
    assert (generations.usage.prompt_tokens, choice.tokens) == (7, 9)


def test_generate_works_in_one_loop_after_another() -> None:
    with MisbehavingServer(answer("x")) as server:
        model = server.model()
        for _ in range(3):
            found = asyncio.run(generate(model, PROMPT, n=2))
            assert [choice.text for choice in found.choices] == ["x", "x"]
