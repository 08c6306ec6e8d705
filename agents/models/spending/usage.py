"""Token counts and prices of an answer, including estimates for what a provider did not count."""

import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from langchain_core.messages import BaseMessage

from refinegraph.agents.models.types import Choice, Completion
from refinegraph.schema import Usage

CHARACTERS_PER_TOKEN = 4
"""Estimate for providers without token counts; within about a third for English and code."""

USUAL_CHARACTERS_PER_TOKEN = 3.5
"""Typical value of tokenizers on programs."""

MOST_CHARACTERS_PER_TOKEN = 7
"""Counts that imply more characters per token cannot include every choice."""

_MAX_TOKENS = 100_000_000
"""Larger than any context; a server that reports more is wrong and would exhaust every budget."""

_PIECE = re.compile(r"[A-Za-z]+|\s+|.", re.DOTALL)
"""Pieces that tokenizers rarely merge: words, runs of blanks, and single other characters."""

Price = Callable[[int, int, int], float | None]
"""Maps prompt, completion and cached prompt tokens to USD; None if the price is unknown."""


class Counted(NamedTuple):
    """The choices with their token counts, and the usage of the request."""

    choices: tuple[Choice, ...]
    usage: Usage


def count(answer: Completion, messages: Sequence[BaseMessage], price: Price) -> Counted:
    """Count and price one request.

    Plausible counts of the provider are used; otherwise four characters count as one token. A
    count that covers only one of several choices is scaled to all of them by length.
    """
    prompt_tokens = plausible(answer.prompt_tokens) or estimate_prompt(messages)
    completion_tokens = _completion_tokens(answer)
    cached_tokens = min(plausible(answer.cached_tokens) or 0, prompt_tokens)
    usd = price(prompt_tokens, completion_tokens, cached_tokens)
    usage = Usage(
        llm_calls=answer.requests,
        prompt_tokens=prompt_tokens * answer.requests,
        completion_tokens=completion_tokens * answer.requests,
        cached_tokens=cached_tokens * answer.requests,
        priced_usd=(usd or 0.0) * answer.requests,
        unpriced_calls=int(usd is None) * answer.requests,
    )
    return Counted(_distribute(answer.choices, completion_tokens), usage)


def plausible(tokens: object) -> int | None:
    """Return a server's token count, or None if it is impossible.

    >>> plausible(12), plausible(-5), plausible(10**30), plausible(5.5)
    (12, None, None, None)
    """
    if not isinstance(tokens, int) or isinstance(tokens, bool):
        return None
    return tokens if 0 <= tokens <= _MAX_TOKENS else None


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text, at least 1.

    >>> estimate_tokens("one two three")
    4
    """
    return max(1, math.ceil(len(text) / CHARACTERS_PER_TOKEN))


def estimate_prompt(messages: Sequence[BaseMessage]) -> int:
    """Estimate the tokens of a prompt, with four per message in addition to its text."""
    return sum(4 + estimate_tokens(message.text) for message in messages)


def bound_prompt(messages: Sequence[BaseMessage]) -> int:
    """Return an upper bound on the tokens of a prompt, which tokenizers rarely exceed.

    Every message counts eight tokens, words one per four letters, and digits, signs and other
    scripts one per character: about 1.6 times the count of tokenizers for English and code.
    """
    return max(
        estimate_prompt(messages),
        sum(8 + sum(map(_piece_bound, _PIECE.findall(message.text))) for message in messages),
    )


def _piece_bound(piece: str) -> int:
    return math.ceil(len(piece) / 4) if piece[0].isalpha() and piece.isascii() else 1


def _completion_tokens(answer: Completion) -> int:
    reported = plausible(answer.completion_tokens)
    if not answer.choices:
        return max(1, reported or 0)
    estimate = sum(_estimate(choice) for choice in answer.choices)
    if not reported:
        return estimate
    sizes = [len(choice.text) + len(choice.reasoning) for choice in answer.choices]
    if not _counts_one_choice(sizes, reported, known_to=answer.counts_one_choice):
        return reported
    per_token = sizes[0] / reported
    if 1 <= per_token <= MOST_CHARACTERS_PER_TOKEN:
        return max(reported, round(sum(sizes) / per_token))
    return max(reported, estimate)


def _counts_one_choice(sizes: list[int], reported: int, *, known_to: bool) -> bool:
    """Return whether a count fits the first choice better than all choices."""
    if len(sizes) < 2 or not sizes[0]:
        return False
    one, every = sizes[0] / reported, sum(sizes) / reported
    if known_to:
        return _implausibility(one) < _implausibility(every)
    return every > MOST_CHARACTERS_PER_TOKEN


def _implausibility(characters_per_token: float) -> float:
    return abs(math.log(characters_per_token / USUAL_CHARACTERS_PER_TOKEN))


def _estimate(choice: Choice) -> int:
    if choice.logprobs:
        return len(choice.logprobs)
    return estimate_tokens(choice.text + choice.reasoning)


def _distribute(choices: tuple[Choice, ...], tokens: int) -> tuple[Choice, ...]:
    """Divide the tokens among the choices; the parts sum to the exact total."""
    weights = [_estimate(choice) for choice in choices]
    parts: list[int] = []
    for position, weight in enumerate(weights):
        parts.append(round((tokens - sum(parts)) * weight / sum(weights[position:])))
    return tuple(_with_tokens(*pair) for pair in zip(choices, parts, strict=True))


def _with_tokens(choice: Choice, tokens: int) -> Choice:
    return choice.model_copy(update={"tokens": tokens})
