"""Tokens and prices of one answer, whatever its provider forgot to count."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from langchain_core.messages import BaseMessage

from refinegraph.agents.models.answers import Answer, Choice
from refinegraph.schema import Usage

CHARACTERS_PER_TOKEN = 4
"""The estimate where a provider counts nothing; right within about a third for English and code."""

MOST_CHARACTERS_PER_TOKEN = 7
"""Counts that imply more characters a token can not have counted every choice."""

Price = Callable[[int, int, int], float | None]
"""Prompt, completion and cached prompt tokens to USD; None where the price is unknown."""


class Counted(NamedTuple):
    """The choices with their tokens, and the usage of the request."""

    choices: tuple[Choice, ...]
    usage: Usage


def count(answer: Answer, messages: Sequence[BaseMessage], price: Price) -> Counted:
    """Count and price one request.

    Tokens are the provider's where it gives plausible ones, and otherwise one for four
    characters. A count for one choice of several is scaled to all by their length.
    """
    prompt_tokens = answer.prompt_tokens or estimate_prompt(messages)
    completion_tokens = _completion_tokens(answer)
    usd = price(prompt_tokens, completion_tokens, answer.cached_tokens)
    usage = Usage(
        llm_calls=1,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        priced_usd=usd or 0.0,
        unpriced_calls=int(usd is None),
    )
    return Counted(_share_out(answer.choices, completion_tokens), usage)


def estimate_tokens(text: str) -> int:
    """Estimate a text's tokens, at least 1.

    >>> estimate_tokens("one two three")
    4
    """
    return max(1, math.ceil(len(text) / CHARACTERS_PER_TOKEN))


def estimate_prompt(messages: Sequence[BaseMessage]) -> int:
    """Estimate a prompt's tokens; each message costs four beside its text."""
    return sum(4 + estimate_tokens(message.text) for message in messages)


def _completion_tokens(answer: Answer) -> int:
    if not answer.choices:
        return max(1, answer.completion_tokens or 0)
    reported = answer.completion_tokens
    sizes = [len(choice.text) + len(choice.reasoning) for choice in answer.choices]
    if not reported:
        return sum(_estimate(choice) for choice in answer.choices)
    if len(sizes) < 2 or not _counts_one_choice(answer, sum(sizes) / reported):
        return reported
    per_token = sizes[0] / reported
    if 1 <= per_token <= MOST_CHARACTERS_PER_TOKEN:
        return max(reported, round(sum(sizes) / per_token))
    return max(reported, sum(_estimate(choice) for choice in answer.choices))


def _counts_one_choice(answer: Answer, characters_per_token: float) -> bool:
    return answer.counts_one_choice or characters_per_token > MOST_CHARACTERS_PER_TOKEN


def _estimate(choice: Choice) -> int:
    if choice.logprobs:
        return len(choice.logprobs)
    return estimate_tokens(choice.text + choice.reasoning)


def _share_out(choices: tuple[Choice, ...], tokens: int) -> tuple[Choice, ...]:
    """Give each choice its part of the tokens; the parts add up exactly."""
    weights = [_estimate(choice) for choice in choices]
    parts: list[int] = []
    for position, weight in enumerate(weights):
        parts.append(round((tokens - sum(parts)) * weight / sum(weights[position:])))
    return tuple(_with_tokens(*pair) for pair in zip(choices, parts, strict=True))


def _with_tokens(choice: Choice, tokens: int) -> Choice:
    return Choice(
        text=choice.text,
        reasoning=choice.reasoning,
        finish_reason=choice.finish_reason,
        tokens=tokens,
        logprobs=choice.logprobs,
    )
