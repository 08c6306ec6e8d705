"""Convert requests and responses from and to litellm's format."""

from typing import Any

from refinegraph.agents.models.completions.logprobs import read_logprobs
from refinegraph.agents.models.completions.reasoning import split_reasoning
from refinegraph.agents.models.types import Choice, Completion


def read_response(response: Any) -> Completion:
    """Convert a litellm response."""
    usage = getattr(response, "usage", None)
    return Completion(
        choices=tuple(_choice(choice) for choice in response.choices),
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
    """Return the stop text, which vLLM reports; other servers report nothing or a token id."""
    fields: dict[str, Any] = getattr(choice, "provider_specific_fields", None) or {}
    reason = getattr(choice, "stop_reason", None) or fields.get("stop_reason")
    return reason if isinstance(reason, str) else None


def stream_ended(stream: Any) -> bool:
    """Return whether the server reported that its answer is complete.

    litellm adds a `stop` of its own to every stream, including interrupted ones; it keeps the
    server's reason in separate attributes.
    """
    names = ("received_finish_reason", "intermittent_finish_reason")
    return any(getattr(stream, name, "stop") is not None for name in names)


def as_chunk(chunk: Any) -> dict[str, Any]:
    """Convert a litellm chunk to OpenAI's format."""
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
