"""Read requests to `/v1/responses` as chat requests."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from refinegraph.serving.refusals import Refusal
from refinegraph.serving.requests import EXTENSION, ChatRequest, read_request

_TEXTS = frozenset({"input_text", "output_text", "text"})
_SHARED = ("model", "stream", "temperature", "top_p", "tools", EXTENSION)


def as_chat_request(data: Mapping[str, Any]) -> ChatRequest:
    """Return a request to the Responses interface as a chat request.

    Raises:
        Refusal: For a form that the interface does not have, and for `previous_response_id`: this
            server keeps no conversations.

    >>> as_chat_request({"model": "m", "input": "Hello"}).messages[0].text
    'Hello'
    """
    for name in ("previous_response_id", "conversation"):
        if data.get(name):
            raise Refusal(
                f"{name} cannot be used: no conversations are kept here; send all of the input.",
                code="unsupported_field",
            )
    if "input" not in data:
        raise Refusal("input: field required.", code="invalid_field")
    chat = {name: data[name] for name in _SHARED if data.get(name) is not None}
    chat["messages"] = _messages(data)
    chat["max_tokens"] = data.get("max_output_tokens")
    chat["response_format"] = _fields(data.get("text")).get("format")
    return read_request(chat)


def _messages(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = data["input"]
    whole = [{"role": "user", "content": content}]
    items: Sequence[Any] = whole if isinstance(content, str) else content
    if not isinstance(items, list | tuple) or not items:
        raise Refusal("input: expected a text, or a list of items.", code="invalid_field")
    instructions = data.get("instructions")
    first = [{"role": "system", "content": instructions}] if instructions else []
    return [*first, *map(_message, items)]


def _message(item: Any) -> dict[str, Any]:
    """Return an item as a message; tool calls and their results become tool messages."""
    fields = _fields(item)
    if not fields:
        raise Refusal(f"input: {item!r:.60} is no item.", code="invalid_field")
    if fields.get("type", "message") != "message":
        return {"role": "tool", "content": None}
    content = fields.get("content")
    if isinstance(content, list):
        content = [_part(part) for part in cast("Sequence[Any]", content)]
    return {"role": fields.get("role"), "content": content}


def _part(part: Any) -> Any:
    fields = _fields(part)
    return {"type": "text", "text": fields.get("text")} if fields.get("type") in _TEXTS else part


def _fields(value: object) -> Mapping[str, Any]:
    """Return the fields of an object; an empty mapping for anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
