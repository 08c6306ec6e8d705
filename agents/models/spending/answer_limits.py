"""The `max_tokens` that a budget imposes on answers, and servers that find it too large."""

from dataclasses import dataclass

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.failures import Failure
from refinegraph.agents.models.types import Sampling

SAFE_LIMIT = 4_096
"""Tokens that every chat model of the last years may be asked for in one answer."""

_refused: set[tuple[str, str | None]] = set()
"""Models that refused a larger limit, by name and address; learned once per process."""


@dataclass
class AnswerLimit:
    """The limit of one request; None where no budget bounds it more than its caller did."""

    most: int | None = None

    @classmethod
    def of(cls, endpoint: Endpoint, sampling: Sampling, granted: int | None) -> "AnswerLimit":
        """Return the limit for a request that was granted so many tokens an answer."""
        if granted is None or granted == sampling.max_tokens:
            return cls()
        refuses = (endpoint.name, endpoint.api_base) in _refused
        return cls(min(granted, SAFE_LIMIT) if refuses else granted)

    @property
    def is_imposed(self) -> bool:
        """Whether answers may be shorter than their caller wanted."""
        return self.most is not None

    def applied(self, sampling: Sampling) -> Sampling:
        """Return the sampling under this limit."""
        if self.most is None:
            return sampling
        return sampling.model_copy(update={"max_tokens": self.most})

    def lower(self, endpoint: Endpoint, failure: Failure) -> bool:
        """Lower a limit that the server may have refused; return whether to ask again."""
        if self.most is None or self.most <= SAFE_LIMIT:
            return False
        if failure.kind not in ("refused", "context"):
            return False
        self.most = SAFE_LIMIT
        _refused.add((endpoint.name, endpoint.api_base))
        return True
