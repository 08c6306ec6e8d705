"""The limits of a run, and how much of them is spent."""

from typing import NamedTuple

from refinegraph.schema import Frozen, Usage


class Nearest(NamedTuple):
    """The limit with the largest share spent."""

    share: float
    """1 when the limit is reached."""
    words: str


class Limits(Frozen):
    """Limits of one run; None for no limit.

    >>> Limits(tokens=200).nearest(Usage(completion_tokens=50), seconds=1.0)
    Nearest(share=0.25, words='50 of 200 tokens')
    """

    tokens: int | None = None
    usd: float | None = None
    calls: int | None = None
    seconds: float | None = None

    def nearest(self, usage: Usage, seconds: float) -> Nearest | None:
        """Return the limit with the largest share spent, or None without limits."""
        spent = (
            (usage.total_tokens, self.tokens, "tokens"),
            (usage.priced_usd, self.usd, "USD"),
            (usage.llm_calls, self.calls, "calls"),
            (seconds, self.seconds, "seconds"),
        )
        shares = [
            Nearest(value / cap, f"{_amount(value)} of {_amount(cap)} {name}")
            for value, cap, name in spent
            if cap
        ]
        return max(shares, default=None, key=lambda limit: limit.share)


NO_LIMITS = Limits()


def _amount(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"
