"""Convert messages and samples between LangChain's and the servers' formats."""

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult

from refinegraph.agents.models.types import Choice, Generations

_ROLES = {"human": "user", "ai": "assistant", "system": "system"}


def as_dicts(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Return the messages in the format of OpenAI-compatible servers.

    The `prefix` flag of the last message, which Mistral and DeepSeek support, is kept.
    """
    if all(isinstance(m.content, str) and m.type in _ROLES for m in messages):
        plain: list[dict[str, Any]] = [
            {"role": _ROLES[message.type], "content": message.content} for message in messages
        ]
    else:
        plain = convert_to_openai_messages(list(messages))
    if messages and messages[-1].additional_kwargs.get("prefix"):
        plain[-1]["prefix"] = True
    return plain


def as_chat_result(generations: Generations, model: str) -> ChatResult:
    """Return the samples in LangChain's format."""
    rows = [
        ChatGeneration(message=_as_message(choice, generations, model))
        for choice in generations.choices
    ]
    return ChatResult(generations=rows, llm_output={"model_name": model})


def _as_message(choice: Choice, generations: Generations, model: str) -> AIMessage:
    reasoning = {"reasoning_content": choice.reasoning} if choice.reasoning else {}
    metadata = {"model_name": model, "finish_reason": choice.finish_reason}
    prompt_tokens = generations.usage.prompt_tokens
    return AIMessage(
        content=choice.text,
        additional_kwargs=reasoning,
        response_metadata=metadata,
        usage_metadata=UsageMetadata(
            input_tokens=prompt_tokens,
            output_tokens=choice.tokens,
            total_tokens=prompt_tokens + choice.tokens,
        ),
    )
