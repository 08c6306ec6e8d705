"""Assemble streamed chunks into an answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from refinegraph.agents.models.completions.logprobs import read_logprobs
from refinegraph.agents.models.completions.reasoning import split_reasoning
from refinegraph.agents.models.types import Choice, Completion, TokenLogprob


class StreamError(NamedTuple):
    """The reason why a server did not answer."""

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
class StreamAccumulator:
    """Accumulates the chunks of a stream. `add` may be called from any thread."""

    on_text: Callable[[str], object] | None = None
    error: StreamError | None = None
    _written: dict[int, _Written] = field(default_factory=dict[int, _Written])
    _prompt_tokens: int = 0
    _completion_tokens: int = 0
    _cached_tokens: int = 0
    """Not summed over choices, because llama.cpp evaluates their prompt once."""

    def add(self, piece: dict[str, Any]) -> bool:
        """Add one chunk; return whether reading on is pointless because of an error."""
        if "choices" not in piece:
            self.error = _error(piece)
            return True
        for choice in piece["choices"]:
            self._add_choice(choice)
        if usage := piece.get("usage"):
            self._prompt_tokens = usage["prompt_tokens"]
            self._completion_tokens += usage["completion_tokens"]
            self._cached_tokens = _cached_tokens(usage)
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

    @property
    def characters(self) -> int:
        """The number of characters so far, including reasoning."""
        texts = (text for part in self._written.values() for text in (*part.text, *part.reasoning))
        return sum(map(len, texts))

    @property
    def begun(self) -> bool:
        """Whether any text has arrived."""
        return self.characters > 0

    def answer(self, n: int) -> Completion:
        """Return the choices in order, with the token counts."""
        written = [self._written.get(index, _Written()) for index in range(n)]
        return Completion(
            tuple(map(_choice, written)),
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._completion_tokens,
            cached_tokens=self._cached_tokens,
        )


def _cached_tokens(usage: dict[str, Any]) -> int:
    details: dict[str, int] = usage.get("prompt_tokens_details") or {}
    return usage.get("cached_tokens") or details.get("cached_tokens") or 0


def _choice(written: _Written) -> Choice:
    text, reasoning = split_reasoning("".join(written.text), "".join(written.reasoning))
    return Choice(
        text=text,
        reasoning=reasoning,
        finish_reason=written.finish_reason,
        logprobs=tuple(written.logprobs) or None,
    )


def _error(piece: dict[str, Any]) -> StreamError:
    details = piece.get("error", piece)
    return StreamError(
        text=str(details.get("message", details)),
        too_long=details.get("type") == "exceed_context_size_error",
        prompt=int(details.get("n_prompt_tokens", 0)),
        context=int(details.get("n_ctx", 0)),
    )
