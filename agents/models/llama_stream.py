"""What llama.cpp is asked and what it streams back, put together again."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from langchain_core.messages import BaseMessage

from refinegraph.agents.models.answers import Answer, Choice, Sampling, TokenLogprob
from refinegraph.agents.models.logprobs import read_logprobs
from refinegraph.agents.models.messages import as_dicts
from refinegraph.agents.models.thinking import split_thinking

_APART = 1_000_003
"""llama.cpp adds a choice's number to the seed: seeds side by side would share samples."""
_WHOLE_VOCABULARY = {"top_k": 0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0}


def completion_request(
    messages: Sequence[BaseMessage], n: int, sampling: Sampling, *, whole: bool
) -> dict[str, Any]:
    """Return the request; `whole` samples from all tokens, with no penalty for repeating."""
    request: dict[str, Any] = {
        "messages": as_dicts(messages),
        "n": n,
        "stream": True,
        "stream_options": {"include_usage": True},
        **(_WHOLE_VOCABULARY if whole else {}),
    }
    given = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "stop": list(sampling.stop) or None,
        "seed": None if sampling.seed is None else sampling.seed * _APART % 2**32,
    }
    request |= {name: value for name, value in given.items() if value is not None}
    if sampling.logprobs is not None:
        request |= {"logprobs": True, "top_logprobs": sampling.logprobs}
    if sampling.json_schema is not None:
        schema = {"name": "answer", "schema": json.loads(sampling.json_schema)}
        request["response_format"] = {"type": "json_schema", "json_schema": schema}
    return request


class StreamError(NamedTuple):
    """Why llama.cpp would not answer."""

    text: str
    too_long: bool
    prompt: int
    context: int


@dataclass
class _Written:
    text: list[str] = field(default_factory=list[str])
    reasoning: list[str] = field(default_factory=list[str])
    logprobs: list[TokenLogprob] = field(default_factory=list[TokenLogprob])
    finish_reason: str | None = None


@dataclass
class Pieces:
    """What has been streamed so far. Told of pieces on llama.cpp's thread."""

    on_text: Callable[[str], object] | None = None
    error: StreamError | None = None
    _written: dict[int, _Written] = field(default_factory=dict[int, _Written])
    _prompt_tokens: int = 0
    _completion_tokens: int = 0

    def add(self, piece: dict[str, Any]) -> bool:
        """Take one piece; return whether there is no sense in going on."""
        if "choices" not in piece:
            self.error = _error(piece)
            return True
        for choice in piece["choices"]:
            self._add_choice(choice)
        if usage := piece.get("usage"):
            self._prompt_tokens = usage["prompt_tokens"]
            self._completion_tokens += usage["completion_tokens"]
        return False

    def _add_choice(self, choice: dict[str, Any]) -> None:
        written = self._written.setdefault(choice["index"], _Written())
        delta = choice["delta"]
        if text := delta.get("content"):
            written.text.append(text)
            if self.on_text:
                self.on_text(text)
        if thought := delta.get("reasoning_content"):
            written.reasoning.append(thought)
        written.logprobs.extend(read_logprobs(choice.get("logprobs")) or ())
        written.finish_reason = choice.get("finish_reason") or written.finish_reason

    def answer(self, n: int) -> Answer:
        """Return the choices, in their order, and the tokens as llama.cpp counted them."""
        written = [self._written.get(index, _Written()) for index in range(n)]
        return Answer(
            tuple(map(_choice, written)),
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._completion_tokens,
        )


def _choice(written: _Written) -> Choice:
    text, reasoning = split_thinking("".join(written.text), "".join(written.reasoning))
    return Choice(
        text=text,
        reasoning=reasoning,
        finish_reason=written.finish_reason,
        logprobs=tuple(written.logprobs) or None,
    )


def _error(piece: dict[str, Any]) -> StreamError:
    about = piece.get("error", piece)
    return StreamError(
        text=str(about.get("message", about)),
        too_long=about.get("type") == "exceed_context_size_error",
        prompt=int(about.get("n_prompt_tokens", 0)),
        context=int(about.get("n_ctx", 0)),
    )
