"""Write answers as OpenAI's chat completions: whole ones, chunks and events."""

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from refinegraph.schema import Usage
from refinegraph.serving.answers import ServedAnswer, ServedChoice
from refinegraph.serving.deltas import Delta
from refinegraph.serving.names import ServedModel
from refinegraph.serving.refusals import Refusal
from refinegraph.serving.requests import EXTENSION

DONE = b"data: [DONE]\n\n"
WAITING = b": waiting for the model\n\n"
"""A comment, which clients ignore: a keep-alive for streams that are passed through."""


@dataclass(frozen=True)
class ChatReply:
    """Writes one chat completion.

    Args:
        model: The name that the client asked for.
        n: The number of choices.
        wants_usage: Whether a stream ends with a chunk that counts its tokens.
    """

    model: str
    n: int = 1
    wants_usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, answer: ServedAnswer) -> dict[str, Any]:
        """Return an answer in one piece."""
        choices = [_choice(number, choice) for number, choice in enumerate(answer.choices)]
        body = self._about("chat.completion", choices) | {"usage": usage_fields(answer.usage)}
        return {**body, **_note(answer.choices[0])}

    def opening(self) -> bytes:
        """Return the events that begin a stream: the role of every choice."""
        roles = {"role": "assistant", "content": ""}
        chunks = [self._chunk(number, roles) for number in range(self.n)]
        return b"".join(map(event, chunks))

    def delta(self, delta: Delta) -> bytes:
        """Return the event of more text."""
        name = "content" if delta.kind == "content" else "reasoning_content"
        return event(self._chunk(delta.choice, {name: delta.text}))

    def ending(self, answer: ServedAnswer) -> Iterator[bytes]:
        """Yield the events that end a stream."""
        for number, choice in enumerate(answer.choices):
            chunk = self._chunk(number, {}, finish_reason=choice.finish_reason)
            yield event({**chunk, **_note(choice)})
        if self.wants_usage:
            counted = {"usage": usage_fields(answer.usage)}
            yield event(self._about("chat.completion.chunk", []) | counted)
        yield DONE

    def refused(self, refusal: Refusal) -> bytes:
        """Return the events that end a stream with an error."""
        return event(refusal.body) + DONE

    def _chunk(
        self, number: int, delta: dict[str, str], finish_reason: str | None = None
    ) -> dict[str, Any]:
        choice = {
            "index": number,
            "delta": delta,
            "logprobs": None,
            "finish_reason": finish_reason,
        }
        return self._about("chat.completion.chunk", [choice])

    def _about(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }


def event(data: object) -> bytes:
    """Return an object as one event of a stream."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def usage_fields(usage: Usage) -> dict[str, Any]:
    """Return the tokens of all calls behind an answer, hidden ones included."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


def model_fields(served: ServedModel, created: int) -> dict[str, Any]:
    """Return a model as `/v1/models` lists it."""
    return {"id": served.name, "object": "model", "created": created, "owned_by": "refinegraph"}


def _choice(number: int, choice: ServedChoice) -> dict[str, Any]:
    message = {"role": "assistant", "content": choice.content}
    if choice.reasoning:
        message["reasoning_content"] = choice.reasoning
    return {
        "index": number,
        "message": message,
        "logprobs": None,
        "finish_reason": choice.finish_reason,
        **_note(choice),
    }


def _note(choice: ServedChoice) -> dict[str, Any]:
    return {EXTENSION: choice.run.model_dump(mode="json")} if choice.run else {}
