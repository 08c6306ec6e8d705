"""Chat requests: the fields that the server reads."""

import json
from typing import Any, NoReturn, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from refinegraph.serving.refusals import Refusal

EXTENSION = "refinegraph"
"""The field of requests and answers that this server adds to OpenAI's protocol."""
MOST_CHOICES = 16
"""Maximum number of answers to one request. Each is a separate run."""


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Message(_Read):
    """One message of a conversation; other fields are only passed on."""

    role: str
    content: str | list[dict[str, Any]] | None = None
    tool_calls: list[Any] | None = None
    function_call: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """The text of the message, its parts joined by line breaks."""
        if isinstance(self.content, str):
            return self.content
        parts = (part.get("text") for part in self.content or () if part.get("type") == "text")
        return "\n".join(part for part in parts if isinstance(part, str))

    @property
    def is_plain(self) -> bool:
        """Whether the message consists of text only."""
        if self.tool_calls or self.function_call or self.role in ("tool", "function"):
            return False
        parts = self.content if isinstance(self.content, list) else []
        return all(part.get("type") == "text" for part in parts)


class StreamOptions(_Read):
    """Options of a stream."""

    include_usage: bool = False


class ChatRequest(_Read):
    """The fields of a request to `/v1/chat/completions` that the server itself reads."""

    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(default=None, ge=1, le=MOST_CHOICES)
    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    seed: int | None = None
    stop: str | list[str] | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = None
    logprobs: bool | None = None
    modalities: list[str] | None = None
    refinegraph: dict[str, Any] | None = None

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with a chunk that counts its tokens."""
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop sequences."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def answer_limit(self) -> int | None:
        """Maximum number of tokens of one answer."""
        return self.max_completion_tokens or self.max_tokens


def read_body(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body; raises `Refusal` for anything else."""
    try:
        data: object = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = str(error) or "it is nested too deeply"
        raise Refusal(f"the body is not JSON: {reason}.", code="invalid_json") from None
    if not isinstance(data, dict):
        raise Refusal("the body is JSON but not an object; expected {...}.", code="invalid_json")
    return cast("dict[str, Any]", data)


def read_request(data: dict[str, Any]) -> ChatRequest:
    """Return the request in a body; raises a `Refusal` that names the first invalid field."""
    try:
        return ChatRequest.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = _path(first["loc"])
        received = "" if first["type"] == "missing" else f", got {_shown(first['input'])}"
        message = first["msg"][0].lower() + first["msg"][1:]
        raise Refusal(f"{field}: {message}{received}.", code="invalid_field") from None


def _path(location: tuple[int | str, ...]) -> str:
    """Return the path of a value, such as `messages[0].role`."""
    names = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(names).removeprefix(".")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON value")
