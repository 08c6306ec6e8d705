"""The protocols of clients: how requests are read and answers written."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Protocol

from refinegraph.serving.answers import ServedAnswer
from refinegraph.serving.deltas import Delta
from refinegraph.serving.refusals import Refusal
from refinegraph.serving.requests import ChatRequest, read_request
from refinegraph.serving.responses_requests import as_chat_request
from refinegraph.serving.responses_wire import ResponsesReply
from refinegraph.serving.wire import ChatReply

Path = Literal["/chat/completions", "/responses"]
"""The path of requests, after the base address."""


class Reply(Protocol):
    """Writes the answer to one request."""

    def whole(self, answer: ServedAnswer) -> dict[str, Any]:
        """Return an answer in one piece."""
        ...

    def opening(self) -> bytes:
        """Return the events that begin a stream."""
        ...

    def delta(self, delta: Delta) -> bytes:
        """Return the events of more text."""
        ...

    def ending(self, answer: ServedAnswer) -> Iterator[bytes]:
        """Yield the events that end a stream."""
        ...

    def refused(self, refusal: Refusal) -> bytes:
        """Return the events that end a stream with an error."""
        ...


class Dialect(Protocol):
    """A protocol in which the server answers."""

    path: Path

    def read(self, data: dict[str, Any]) -> ChatRequest:
        """Parse a body; raises `Refusal` if it is invalid."""
        ...

    def reply(self, chat: ChatRequest, data: Mapping[str, Any]) -> Reply:
        """Return the writer of the answer to a request."""
        ...


class ChatCompletions:
    """OpenAI's chat completions."""

    path: Path = "/chat/completions"

    def read(self, data: dict[str, Any]) -> ChatRequest:
        """Parse a body."""
        return read_request(data)

    def reply(self, chat: ChatRequest, data: Mapping[str, Any]) -> Reply:
        """Return the writer of the answer."""
        return ChatReply(chat.model, chat.n or 1, wants_usage=chat.wants_usage)


class Responses:
    """OpenAI's Responses interface, which newer agents use."""

    path: Path = "/responses"

    def read(self, data: dict[str, Any]) -> ChatRequest:
        """Parse a body."""
        return as_chat_request(data)

    def reply(self, chat: ChatRequest, data: Mapping[str, Any]) -> Reply:
        """Return the writer of the answer."""
        return ResponsesReply(chat.model, data)
