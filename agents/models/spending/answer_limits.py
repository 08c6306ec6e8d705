"""The `max_tokens` that a budget imposes on answers, and servers that refuse large values."""

from dataclasses import dataclass

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.failures import Failure
from refinegraph.agents.models.types import Sampling

SAFE_LIMIT = 4_096
"""A maximum answer length in tokens that all chat models of recent years accept."""

_refused: set[tuple[str, str | None]] = set()
"""Models that refused a larger limit, by name and address, remembered for the whole process."""


@dataclass
class AnswerLimit:
    """The imposed limit of one request; None if no budget limits it further than its caller."""

    max_tokens: int | None = None

    @classmethod
    def of(cls, endpoint: Endpoint, sampling: Sampling, granted: int | None) -> "AnswerLimit":
        """Return the limit of a request that was granted `granted` tokens per answer."""
        if granted is None or granted == sampling.max_tokens:
            return cls()
        refuses = (endpoint.name, endpoint.api_base) in _refused
        return cls(min(granted, SAFE_LIMIT) if refuses else granted)

    @property
    def is_imposed(self) -> bool:
        """Whether answers may be shorter than the caller requested."""
        return self.max_tokens is not None

    def applied(self, sampling: Sampling) -> Sampling:
        """Return the sampling settings with this limit applied."""
        if self.max_tokens is None:
            return sampling
        return sampling.model_copy(update={"max_tokens": self.max_tokens})

    def lower(self, endpoint: Endpoint, failure: Failure) -> bool:
        """Lower a limit that the server may have refused; return whether to retry."""
        if self.max_tokens is None or self.max_tokens <= SAFE_LIMIT:
            return False
        if failure.kind not in ("refused", "context"):
            return False
        self.max_tokens = SAFE_LIMIT
        _refused.add((endpoint.name, endpoint.api_base))
        return True
