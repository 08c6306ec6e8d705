"""Write answers as OpenAI's responses: whole ones, and streams of typed events."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any

from refinegraph.schema import Usage
from refinegraph.serving.answers import ServedAnswer
from refinegraph.serving.deltas import Delta
from refinegraph.serving.refusals import Refusal
from refinegraph.serving.requests import EXTENSION

_ECHOED = ("instructions", "max_output_tokens", "metadata", "temperature", "top_p", "text")
"""Fields of a request that are repeated in its response."""


class ResponsesReply:
    """Writes one response. In a stream, what happens is a summary of reasoning before the message.

    Args:
        model: The name that the client asked for.
        data: The body of the request.
    """

    def __init__(self, model: str, data: Mapping[str, Any]) -> None:
        self._about: dict[str, Any] = {
            "id": _id("resp"),
            "object": "response",
            "created_at": int(time.time()),
            "model": model,
            "parallel_tool_calls": False,
            "tool_choice": "auto",
            "tools": [],
            **{name: data[name] for name in _ECHOED if name in data},
        }
        self._number = 0
        self._reasoning = _Item("reasoning")
        self._message = _Item("message")
        self._done: list[dict[str, Any]] = []

    def whole(self, answer: ServedAnswer) -> dict[str, Any]:
        """Return an answer in one piece."""
        choice = answer.choices[0]
        self._reasoning.text, self._message.text = choice.reasoning, choice.content
        items = [self._reasoning.finished()] if choice.reasoning else []
        return self._finished([*items, self._message.finished()], answer)

    def opening(self) -> bytes:
        """Return the events that begin a stream."""
        begun: dict[str, Any] = {"response": {**self._about, "status": "in_progress", "output": []}}
        return self._event("response.created", **begun) + self._event(
            "response.in_progress", **begun
        )

    def delta(self, delta: Delta) -> bytes:
        """Return the events of more text; reasoning is dropped once the message has begun."""
        if delta.kind == "content":
            return self._end_reasoning() + self._add(self._message, delta.text)
        return b"" if self._message.is_open else self._add(self._reasoning, delta.text)

    def ending(self, answer: ServedAnswer) -> Iterator[bytes]:
        """Yield the events that end a stream."""
        yield self._end_reasoning()
        if not self._message.is_open:
            yield self._open(self._message)
        yield self._close(self._message)
        yield self._event("response.completed", response=self._finished(self._done, answer))

    def refused(self, refusal: Refusal) -> bytes:
        """Return the events that end a stream with an error."""
        error = {"code": refusal.code, "message": str(refusal)}
        failed = {**self._about, "status": "failed", "output": self._done, "error": error}
        return self._event("error", **error, param=None) + self._event(
            "response.failed", response=failed
        )

    def _add(self, item: "_Item", text: str) -> bytes:
        opening = b"" if item.is_open else self._open(item)
        item.text += text
        return opening + self._event(f"{item.event}.delta", **self._place(item), delta=text)

    def _open(self, item: "_Item") -> bytes:
        item.is_open = True
        place = self._place(item)
        added = self._event(
            "response.output_item.added", output_index=len(self._done), item=item.begun()
        )
        return added + self._event(f"{item.part_event}.added", **place, part=item.part(""))

    def _close(self, item: "_Item") -> bytes:
        place = self._place(item)
        number = len(self._done)
        events = self._event(f"{item.event}.done", **place, text=item.text)
        events += self._event(f"{item.part_event}.done", **place, part=item.part(item.text))
        self._done.append(item.finished())
        return events + self._event(
            "response.output_item.done", output_index=number, item=item.finished()
        )

    def _end_reasoning(self) -> bytes:
        if not self._reasoning.is_open or self._done:
            return b""
        return self._close(self._reasoning)

    def _place(self, item: "_Item") -> dict[str, Any]:
        more: dict[str, Any] = {"logprobs": []} if item.kind == "message" else {}
        return {"item_id": item.id, "output_index": len(self._done), item.index: 0, **more}

    def _finished(self, output: list[dict[str, Any]], answer: ServedAnswer) -> dict[str, Any]:
        run = answer.choices[0].run
        note = {EXTENSION: run.model_dump(mode="json")} if run else {}
        usage = {"usage": usage_fields(answer.usage)}
        return {**self._about, "status": "completed", "output": output, **usage, **note}

    def _event(self, kind: str, **fields: Any) -> bytes:
        data = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class _Item:
    """One item of the output while it is written."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.id = _id("rs" if kind == "reasoning" else "msg")
        self.text = ""
        self.is_open = False
        summary = kind == "reasoning"
        self.event = f"response.{'reasoning_summary_text' if summary else 'output_text'}"
        self.part_event = f"response.{'reasoning_summary_part' if summary else 'content_part'}"
        self.index = "summary_index" if summary else "content_index"

    def part(self, text: str) -> dict[str, Any]:
        """Return the part with the text."""
        if self.kind == "reasoning":
            return {"type": "summary_text", "text": text}
        return {"type": "output_text", "text": text, "annotations": []}

    def begun(self) -> dict[str, Any]:
        """Return the item before it has any text."""
        if self.kind == "reasoning":
            return {"id": self.id, "type": "reasoning", "summary": []}
        about: dict[str, Any] = {"status": "in_progress", "role": "assistant", "content": []}
        return {"id": self.id, "type": "message", **about}

    def finished(self) -> dict[str, Any]:
        """Return the whole item."""
        parts = [self.part(self.text)]
        if self.kind == "reasoning":
            return {**self.begun(), "summary": parts}
        return {**self.begun(), "status": "completed", "content": parts}


def usage_fields(usage: Usage) -> dict[str, Any]:
    """Return the tokens of all calls behind a response, hidden ones included."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.total_tokens,
    }


def _id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"
