"""Self-certainty: how far a model's token distributions were from uniform."""

import math
from collections.abc import Sequence

from refinegraph.agents.models.types import TokenLogprob

_LOWEST = -50.0
"""Floor for log-probabilities in nats, which keeps -inf out of the mean."""


def token_certainty(tokens: Sequence[TokenLogprob] | None) -> float | None:
    """Return the self-certainty of an answer in nats: 0 if every token was a guess.

    This is the KL divergence of the uniform distribution from the model's, averaged over the
    tokens (arXiv 2502.18581). Servers report only the most likely tokens, so each distribution is
    the one over its `top` entries, normalised to sum to one; over the whole vocabulary the result
    equals the paper's. Values are comparable between answers that requested the same number of
    entries. Returns None if there are no entries.

    >>> from refinegraph.agents.models import TopLogprob
    >>> even = tuple(TopLogprob(token, math.log(0.5)) for token in "ab")
    >>> token_certainty([TokenLogprob(token="a", logprob=math.log(0.5), top=even)])
    0.0
    """
    divergences = [
        divergence
        for token in tokens or ()
        if (divergence := _divergence([entry.logprob for entry in token.top])) is not None
    ]
    return math.fsum(divergences) / len(divergences) if divergences else None


def token_logprob(tokens: Sequence[TokenLogprob] | None) -> float | None:
    """Return the mean log-probability per token in nats, or None if there are no tokens."""
    return math.fsum(token.logprob for token in tokens) / len(tokens) if tokens else None


def _divergence(logprobs: Sequence[float]) -> float | None:
    """Return -mean(log(K p)) for K probabilities p normalised to sum to one."""
    if len(logprobs) < 2:
        return None
    clamped = [max(_LOWEST, min(0.0, logprob)) for logprob in logprobs]
    total = math.log(math.fsum(map(math.exp, clamped)))
    mean = math.fsum(clamped) / len(clamped) - total
    return max(0.0, -mean - math.log(len(clamped)))
