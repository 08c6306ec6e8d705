"""How far from guessing a model was while it wrote."""

import math
from collections.abc import Sequence

from refinegraph.agents.models.types import TokenLogprob

_LOWEST = -50.0


def token_certainty(tokens: Sequence[TokenLogprob] | None) -> float | None:
    """Return the self-certainty of an answer: 0 where every token was a guess (arXiv 2502.18581).

    The divergence in nats of the model's distribution from the uniform one, averaged over the
    tokens. Servers give the likeliest tokens only, so each distribution is that over its
    `top` entries, scaled to add up to one; over the whole vocabulary this is the paper's number.
    Numbers compare between answers for which as many entries were asked. None without entries.

    >>> from refinegraph.agents.models import TopLogprob
    >>> even = tuple(TopLogprob(each, math.log(0.5)) for each in "ab")
    >>> token_certainty([TokenLogprob(token="a", logprob=math.log(0.5), top=even)])
    0.0
    """
    found = [_divergence([entry.logprob for entry in token.top]) for token in tokens or ()]
    known = [each for each in found if each is not None]
    return math.fsum(known) / len(known) if known else None


def token_logprob(tokens: Sequence[TokenLogprob] | None) -> float | None:
    """Return the log-probability of a token on average, in nats; None without any tokens."""
    return math.fsum(each.logprob for each in tokens) / len(tokens) if tokens else None


def _divergence(logprobs: Sequence[float]) -> float | None:
    """Return the divergence of these from uniform: -mean(log(K p)) with p scaled to one."""
    if len(logprobs) < 2:
        return None
    held = [max(_LOWEST, min(0.0, each)) for each in logprobs]
    total = math.log(math.fsum(map(math.exp, held)))
    mean = math.fsum(held) / len(held) - total
    return max(0.0, -mean - math.log(len(held)))
