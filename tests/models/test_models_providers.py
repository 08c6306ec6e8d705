"""Providers with other protocols than OpenAI's, through litellm, on local servers."""

import asyncio
import gc
import json

import pytest
from langchain_core.messages import HumanMessage
from misbehaving_server import QUICK, MisbehavingServer, Reply, error

from refinegraph.agents.models import generate, resolve_model
from refinegraph.errors import ModelError

PROMPT = [HumanMessage("Hi.")]

ANTHROPIC = Reply(
    body=json.dumps(
        {
            "id": "1",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-4-5",
            "content": [
                {"type": "thinking", "thinking": "so", "signature": "s"},
                {"type": "text", "text": "42"},
            ],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 5, "output_tokens": 3},
        }
    )
)

OLLAMA = Reply(
    body=json.dumps(
        {
            "model": "m",
            "created_at": "2025-01-01T00:00:00Z",
            "message": {"role": "assistant", "content": "42", "thinking": "so"},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": 5,
            "eval_count": 3,
        }
    )
)


@pytest.mark.parametrize(
    ("name", "reply", "priced"),
    [("anthropic/claude-sonnet-4-5", ANTHROPIC, True), ("ollama_chat/m", OLLAMA, False)],
)
def test_a_provider_without_n_gets_n_requests(name: str, reply: Reply, priced: bool) -> None:
    with MisbehavingServer(reply) as server:
        base = server.api_base.removesuffix("/v1")
        model = resolve_model(
            name, api_base=base, api_key="test-key-1234", retry=QUICK, client="litellm"
        )
        asyncio.run(generate(model, PROMPT, n=2))
        gc.collect()
        generations = asyncio.run(generate(model, PROMPT, n=2))
        gc.collect()
    assert [choice.text for choice in generations.choices] == ["42", "42"]
    assert [choice.reasoning for choice in generations.choices] == ["so", "so"]
    assert (generations.usage.prompt_tokens, generations.usage.completion_tokens) == (10, 6)
    assert (generations.usage.cost_usd is not None) is priced


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("hosted_vllm/m", "HOSTED_VLLM_API_KEY"),
    ],
)
async def test_a_refused_key_names_the_variable(name: str, variable: str) -> None:
    with MisbehavingServer(error(401, "bad key")) as server:
        model = resolve_model(name, api_base=server.api_base, api_key="test-key-1234")
        with pytest.raises(ModelError, match=f"check {variable}"):
            await generate(model, PROMPT)
