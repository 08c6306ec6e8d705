"""The cost of model calls and sandbox runs."""

from refinegraph.schema.base import Frozen

_UNITS = 10**11
"""Units per US dollar in which costs are added: a billionth of a cent."""


class Usage(Frozen):
    """The cost of some work. Addition is exact, in any order and any grouping."""

    llm_calls: int = 0
    """Requests that a provider answered; a request with several choices counts once."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens that a server or llama.cpp took from its cache, as far as it reports them."""
    priced_usd: float = 0.0
    """Cost in USD of the calls whose price is known, exact to a billionth of a cent."""
    unpriced_calls: int = 0
    """Calls whose price is unknown."""
    retries: int = 0
    """Failed requests that were sent again."""
    fallbacks: int = 0
    """Requests that a fallback model answered."""
    unparsable: int = 0
    """Answers that were paid for but could not be parsed."""
    sandbox_runs: int = 0
    wall_seconds: float = 0.0
    """Elapsed seconds of the run; 0 on parts of a run."""

    @property
    def is_nothing(self) -> bool:
        """Whether nothing was spent."""
        # A comparison of models takes six times as long, and every addition asks twice.
        return self is NOTHING_SPENT or not any(self.__dict__.values())

    @property
    def total_tokens(self) -> int:
        """The sum of prompt and completion tokens."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def cost_usd(self) -> float | None:
        """Cost in USD, or None if the price of any call is unknown."""
        return None if self.unpriced_calls else self.priced_usd

    def __add__(self, other: "Usage") -> "Usage":
        """Add field by field, exactly."""
        if other.is_nothing:
            return self
        if self.is_nothing:
            return other
        return Usage(
            llm_calls=self.llm_calls + other.llm_calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            priced_usd=_add_decimal(self.priced_usd, other.priced_usd),
            unpriced_calls=self.unpriced_calls + other.unpriced_calls,
            retries=self.retries + other.retries,
            fallbacks=self.fallbacks + other.fallbacks,
            unparsable=self.unparsable + other.unparsable,
            sandbox_runs=self.sandbox_runs + other.sandbox_runs,
            wall_seconds=_add_decimal(self.wall_seconds, other.wall_seconds),
        )


NOTHING_SPENT = Usage()
"""Shared, since comparing it with itself is cheap and most nodes of a graph spend nothing."""


def _add_decimal(left: float, right: float) -> float:
    """Add in whole units of 1e-11, so that the order of additions does not matter."""
    return (round(left * _UNITS) + round(right * _UNITS)) / _UNITS
