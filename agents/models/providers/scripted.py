"""A chat model that answers from a script, for tests: no network, no key, no randomness."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple

from langchain_core.messages import BaseMessage
from pydantic import PrivateAttr

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.models.completions.reasoning import split_reasoning
from refinegraph.agents.models.types import Choice, Completion, Sampling
from refinegraph.errors import InputError

Reply = str | Choice | BaseException
"""The scripted answer for one sample; an exception is raised instead."""

Script = Callable[[Sequence[BaseMessage], Sampling], Reply | Awaitable[Reply]]
"""Returns the answer for one sample from the messages and the sampling settings."""


class Call(NamedTuple):
    """One request that a scripted model received."""

    messages: tuple[BaseMessage, ...]
    n: int
    sampling: Sampling

    @property
    def prompt(self) -> str:
        """The texts of all messages, joined by blank lines."""
        return "\n\n".join(message.text for message in self.messages)


class ScriptedChatModel(SamplingChatModel):
    """A chat model that answers from a sequence or function, and records its requests.

    A sequence is consumed in the order of the requests. A function is called for every sample with
    the messages and the sampling settings, so its answers do not depend on the order in which
    parallel requests arrive. A scripted exception is raised in its turn, and the retry policy
    treats it like a real one. Answers end at the stop texts. When a prefix is to be continued, a
    reply may be either the continuation or the whole text including the prefix.

    Raises:
        InputError: If a sequence that does not cycle is exhausted.

    >>> import asyncio
    >>> from langchain_core.messages import HumanMessage
    >>> model = ScriptedChatModel(["one", "two"])
    >>> generations = asyncio.run(model.sample([HumanMessage("Count.")], n=2))
    >>> [choice.text for choice in generations.choices]
    ['one', 'two']
    >>> model.calls[0].prompt
    'Count.'
    """

    name: str | None = "scripted"
    cycle: bool = False
    """Whether a sequence starts again at its end."""
    latency: float = 0.0
    """Seconds before each answer."""
    usd_per_token: float | None = 0.0
    """Price of prompt and completion tokens; None for an unknown price."""

    _script: Script = PrivateAttr()
    _replies: tuple[Reply, ...] = PrivateAttr(default=())
    _position: int = PrivateAttr(default=0)
    _calls: list[Call] = PrivateAttr(default_factory=list[Call])

    def __init__(self, script: Iterable[Reply] | Script | str, /, **settings: Any) -> None:
        super().__init__(**settings)
        if callable(script):
            self._script = script
            return
        self._replies = (script,) if isinstance(script, str) else tuple(script)
        self._script = self._next

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every request so far, in order of arrival, including retries."""
        return tuple(self._calls)

    @property
    def endpoint(self) -> Endpoint:
        """Name and address, for events and errors."""
        return Endpoint(self.name or "scripted")

    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        """Take the next n replies, or call the function n times."""
        self._calls.append(Call(tuple(messages), n, sampling))
        replies = [self._script(messages, sampling) for _ in range(n)]
        if self.latency:
            await asyncio.sleep(self.latency)
        choices = [
            _as_choice(await reply if inspect.isawaitable(reply) else reply) for reply in replies
        ]
        return Completion(tuple(_ended(_new(choice, sampling), sampling) for choice in choices))

    def price(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """Return the price, which is the same for every token."""
        if self.usd_per_token is None:
            return None
        return (prompt_tokens + completion_tokens) * self.usd_per_token

    def _next(self, messages: Sequence[BaseMessage], sampling: Sampling) -> Reply:
        if self._position >= len(self._replies) and not (self.cycle and self._replies):
            raise InputError(
                f"The scripted model {self.name!r} has only {len(self._replies)} replies and was "
                "asked for another; add replies, or set cycle=True."
            )
        reply = self._replies[self._position % len(self._replies)]
        self._position += 1
        return reply

    @property
    def _llm_type(self) -> str:
        return "refinegraph-scripted"


def _as_choice(reply: Reply) -> Choice:
    if isinstance(reply, BaseException):
        raise reply
    if isinstance(reply, Choice):
        return reply
    text, reasoning = split_reasoning(reply)
    return Choice(text=text, reasoning=reasoning, finish_reason="stop")


def _new(choice: Choice, sampling: Sampling) -> Choice:
    text = choice.text.removeprefix(sampling.prefix or "")
    return choice if text == choice.text else choice.model_copy(update={"text": text})


def _ended(choice: Choice, sampling: Sampling) -> Choice:
    """Cut an answer off at the first stop text."""
    end = _first_stop(choice.text, sampling.stop)
    if end is None:
        return choice
    cut = {"text": choice.text[: end.position], "stopped_at": end.text, "finish_reason": "stop"}
    return choice.model_copy(update=cut)


class _Stop(NamedTuple):
    """The position of a stop text."""

    position: int
    text: str


def _first_stop(text: str, stops: Sequence[str]) -> _Stop | None:
    """Return the earliest stop text in a text; ties go to the first in `stops`.

    >>> _first_stop("one\\ntwo", ["\\n", "w"])
    _Stop(position=3, text='\\n')
    """
    matches = (
        (position, index, stop)
        for index, stop in enumerate(stops)
        if stop and (position := text.find(stop)) >= 0
    )
    first = min(matches, default=None)
    return None if first is None else _Stop(first[0], first[2])
