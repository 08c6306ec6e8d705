"""When failed requests are retried, and after which delay."""

import random

from pydantic import Field

from refinegraph.schema import Frozen


class RetryPolicy(Frozen):
    """How often a failed request is retried, and after which delays.

    Timeouts, lost connections, malformed JSON and the statuses 408, 409, 425, 429 and 5xx are
    retried. The permanent statuses 501, 505 and 511, wrong keys, wrong addresses and wrong
    certificates are not. The delay doubles from `initial_wait` up to `max_wait`, minus a random
    part of up to half, and is never shorter than the server's Retry-After. A server that refuses
    connections is tried at most three times. The default values are choices.

    >>> RetryPolicy(attempts=3, initial_wait=0.1).attempts
    3
    """

    attempts: int = Field(default=6, ge=1)
    """Number of attempts, including the first."""
    initial_wait: float = Field(default=0.5, ge=0)
    """Seconds before the second attempt."""
    max_wait: float = Field(default=30.0, ge=0)
    """Upper limit of the delay, in seconds."""
    max_retry_after: float = Field(default=120.0, ge=0)
    """Seconds; if a server asks for a longer delay, the request fails at once."""
    give_up_after: float = Field(default=900.0, gt=0)
    """Seconds since the first attempt after which no other attempt is made. With the default, a
    silent server is given up after two attempts of 600 seconds instead of six."""
    hedge_after: float | None = Field(default=None, gt=0)
    """Seconds after which an unanswered request is sent a second time; the first answer counts, and
    both prompts are paid for."""

    def wait(self, attempt: int, retry_after: float | None = None) -> float:
        """Return the seconds to wait after an attempt, the first being 1."""
        backoff = min(self.max_wait, self.initial_wait * 2.0 ** min(attempt - 1, 30))
        backoff *= random.uniform(0.5, 1.0)
        return backoff if retry_after is None else max(backoff, retry_after)
