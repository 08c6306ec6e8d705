"""Requests and answers in the form that litellm has for every provider."""

from typing import Any

from refinegraph.agents.models.completions.logprobs import read_logprobs
from refinegraph.agents.models.completions.reasoning import split_reasoning
from refinegraph.agents.models.types import Choice, Completion


def read_response(response: Any) -> Completion:
    """Read a completion of litellm."""
    usage = getattr(response, "usage", None)
    return Completion(
        choices=tuple(_choice(each) for each in response.choices),
        prompt_tokens=getattr(usage, "prompt_tokens", None),
        completion_tokens=getattr(usage, "completion_tokens", None),
        cached_tokens=_cached_tokens(usage),
        counts_one_choice=getattr(response, "timings", None) is not None,
    )


def _cached_tokens(usage: Any) -> int:
    details = getattr(usage, "prompt_tokens_details", None)
    return getattr(details, "cached_tokens", None) or 0


def _choice(choice: Any) -> Choice:
    message = choice.message
    text, reasoning = split_reasoning(
        message.content or "", getattr(message, "reasoning_content", None) or ""
    )
    return Choice(
        text=text,
        reasoning=reasoning,
        finish_reason=choice.finish_reason,
        logprobs=read_logprobs(getattr(choice, "logprobs", None)),
        stopped_at=_stopped_at(choice),
    )


def _stopped_at(choice: Any) -> str | None:
    """Return the stop text that vLLM names; other servers name none, or a token's number."""
    more: dict[str, Any] = getattr(choice, "provider_specific_fields", None) or {}
    said = getattr(choice, "stop_reason", None) or more.get("stop_reason")
    return said if isinstance(said, str) else None


def stream_ended(stream: Any) -> bool:
    """Whether the server said that its answer is complete.

    litellm ends every stream with a `stop` of its own making, also one that was cut off; what the
    server said stands beside it.
    """
    names = ("received_finish_reason", "intermittent_finish_reason")
    return any(getattr(stream, name, "stop") is not None for name in names)


def as_chunk(chunk: Any) -> dict[str, Any]:
    """Return what a chunk of litellm says, in the words of the protocol."""
    usage = getattr(chunk, "usage", None)
    return {
        "choices": [
            {
                "index": 0,
                "delta": {
                    "content": choice.delta.content,
                    "reasoning_content": getattr(choice.delta, "reasoning_content", None),
                },
                "finish_reason": choice.finish_reason,
                "logprobs": getattr(choice, "logprobs", None),
            }
            for choice in chunk.choices
        ],
        "usage": {
            "prompt_tokens": usage.prompt_tokens or 0,
            "completion_tokens": usage.completion_tokens or 0,
            "cached_tokens": _cached_tokens(usage),
        }
        if usage
        else None,
    }
