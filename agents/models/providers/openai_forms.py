"""Requests and responses in the format of OpenAI's chat completions."""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn, cast

from refinegraph.agents.models.completions.logprobs import read_logprobs
from refinegraph.agents.models.completions.reasoning import split_reasoning
from refinegraph.agents.models.types import Choice, Completion, Sampling

JSONObject = dict[str, Any]

_PROMPT_CACHED = (
    ("usage", "prompt_tokens_details", "cached_tokens"),
    ("usage", "prompt_cache_hit_tokens"),
    ("timings", "cache_n"),
)
"""Where OpenAI and vLLM, DeepSeek, and llama.cpp's server report the cached prompt tokens."""


class MalformedAnswer(ValueError):
    """The server sent something that is not a chat completion.

    Args:
        doc: The body that it sent instead.
    """

    def __init__(self, doc: str) -> None:
        super().__init__(doc.strip() or "an empty body")
        self.doc = doc


class ErrorInAnswer(Exception):
    """The server reported an error instead of an answer, with a success status."""

    def __init__(self, message: str, status_code: int) -> None:
        super().__init__(message)
        self.status_code = status_code


def request_settings(n: int, sampling: Sampling) -> JSONObject:
    """Return the fields of a request for n choices, without those that are None."""
    settings: JSONObject = {
        "n": n if n > 1 else None,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "stop": list(sampling.stop) or None,
        "seed": sampling.seed,
    }
    if sampling.logprobs is not None:
        settings |= {"logprobs": True, "top_logprobs": sampling.logprobs}
    if sampling.json_schema is not None:
        schema = {"name": "answer", "strict": True, "schema": json.loads(sampling.json_schema)}
        settings["response_format"] = {"type": "json_schema", "json_schema": schema}
    return {name: value for name, value in settings.items() if value is not None}


def read_json(body: bytes) -> JSONObject:
    """Parse a JSON object.

    Raises:
        MalformedAnswer: If the body is anything else, or contains NaN or infinity.
        UnicodeDecodeError: If the encoding is not UTF-8, as JSON requires.
    """
    text = body.decode("utf-8-sig")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise MalformedAnswer(text) from None
    if not isinstance(value, dict):
        raise MalformedAnswer(text)
    return cast("JSONObject", value)


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


def read_completion(body: bytes) -> Completion:
    """Parse an answer that was not streamed.

    Raises:
        MalformedAnswer: If the body is not a chat completion.
        ErrorInAnswer: If the body reports an error.
    """
    data = read_json(body)
    _raise_error(data)
    try:
        choices = tuple(_choice(choice) for choice in _objects(data["choices"]))
        return _completion(data, choices)
    except (KeyError, TypeError, ValueError):
        raise MalformedAnswer(body.decode("utf-8-sig")) from None


def read_chunk(text: str) -> JSONObject:
    """Parse one chunk of a stream and normalise its choices.

    Raises:
        MalformedAnswer: If the text is not a chunk of a chat completion.
        ErrorInAnswer: If the chunk reports an error.
    """
    data = read_json(text.encode())
    _raise_error(data)
    try:
        choices = [_chunk_choice(choice) for choice in _objects(data.get("choices") or [])]
        return {"choices": choices, "usage": _chunk_usage(data)}
    except (KeyError, TypeError, ValueError):
        raise MalformedAnswer(text) from None


def read_as_chunk(body: bytes) -> JSONObject:
    """Parse an answer that was not streamed as if it were the only chunk of a stream."""
    read_completion(body)
    data = read_json(body)
    choices = [_chunk_choice({**choice, "delta": choice["message"]}) for choice in data["choices"]]
    return {"choices": choices, "usage": _chunk_usage(data)}


def error_message(body: bytes) -> str:
    """Return a server's error message: the message in its JSON, or the whole text."""
    text = body.decode("utf-8", errors="replace").strip()
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _message_in(data) or text


def _message_in(data: object) -> str:
    """Find the message in the error formats of OpenAI, vLLM, FastAPI and proxies."""
    if isinstance(data, str):
        return data
    if not isinstance(data, dict):
        return ""
    fields = cast("JSONObject", data)
    messages = (_message_in(fields.get(name)) for name in ("error", "message", "detail"))
    return next((message for message in messages if message), "")


def _raise_error(data: JSONObject) -> None:
    error = data.get("error")
    if not error and data.get("object") != "error":
        return
    fields = cast("JSONObject", error) if isinstance(error, dict) else data
    code = re.fullmatch(r"[45]\d\d", str(fields.get("code")))
    raise ErrorInAnswer(_message_in(data) or json.dumps(data), int(code[0]) if code else 400)


def _objects(value: object) -> list[JSONObject]:
    if not isinstance(value, list):
        raise TypeError
    items = cast("list[object]", value)
    return [_object(item) for item in items]


def _object(value: object) -> JSONObject:
    if not isinstance(value, dict):
        raise TypeError
    return cast("JSONObject", value)


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError
    return value


def _choice(choice: JSONObject) -> Choice:
    message = _object(choice["message"])
    text, reasoning = split_reasoning(_text(message.get("content")), _reasoning(message))
    stopped_at = choice.get("stop_reason")
    return Choice(
        text=text,
        reasoning=reasoning,
        finish_reason=choice.get("finish_reason"),
        logprobs=read_logprobs(choice.get("logprobs")),
        # vLLM reports the stop text here; other servers report nothing or a token id.
        stopped_at=stopped_at if isinstance(stopped_at, str) else None,
    )


def _reasoning(message: Mapping[str, Any]) -> str:
    """Return the reasoning; its field has one name at DeepSeek and vLLM, another at Ollama."""
    return _text(message.get("reasoning_content")) or _text(message.get("reasoning"))


def _chunk_choice(choice: JSONObject) -> JSONObject:
    delta = _object(choice.get("delta") or {})
    return {
        "index": int(choice.get("index") or 0),
        "delta": {"content": _text(delta.get("content")), "reasoning_content": _reasoning(delta)},
        "finish_reason": choice.get("finish_reason"),
        "logprobs": choice.get("logprobs"),
    }


def _completion(data: JSONObject, choices: tuple[Choice, ...]) -> Completion:
    usage = _object(data.get("usage") or {})
    return Completion(
        choices=choices,
        prompt_tokens=_tokens(usage.get("prompt_tokens")),
        completion_tokens=_tokens(usage.get("completion_tokens")),
        cached_tokens=_cached_tokens(data),
        counts_one_choice=data.get("timings") is not None,
    )


def _chunk_usage(data: JSONObject) -> JSONObject | None:
    usage = _object(data.get("usage") or {})
    if not usage:
        return None
    return {
        "prompt_tokens": _tokens(usage.get("prompt_tokens")) or 0,
        "completion_tokens": _tokens(usage.get("completion_tokens")) or 0,
        "cached_tokens": _cached_tokens(data),
    }


def _tokens(value: object) -> int | None:
    if value is not None and not isinstance(value, int):
        raise TypeError
    return value


def _cached_tokens(data: JSONObject) -> int:
    for path in _PROMPT_CACHED:
        value: Any = data
        for name in path:
            value = cast("JSONObject", value).get(name) if isinstance(value, dict) else None
        if isinstance(value, int):
            return value
    return 0
