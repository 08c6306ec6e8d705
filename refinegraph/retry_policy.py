"""When a request that failed is sent again, and after how long."""

import random

from pydantic import Field

from refinegraph.schema import Frozen


class RetryPolicy(Frozen):
    """How often a request is sent again and how long it waits.

    Timeouts, lost connections, broken JSON, 408, 409, 425, 429 and 5xx are retried. Nothing else
    is: not 501, 505 and 511, which never pass, nor keys, addresses and certificates that are wrong.
    The wait doubles from `first_wait` to `longest_wait`, less a random part of up to half, and is
    never shorter than the server's Retry-After. A server that accepts no connection is tried three
    times at most.

    >>> RetryPolicy(attempts=3, first_wait=0.1).attempts
    3
    """

    attempts: int = Field(default=6, ge=1)
    """The first one included."""
    first_wait: float = Field(default=0.5, ge=0)
    """Seconds."""
    longest_wait: float = Field(default=30.0, ge=0)
    """Seconds."""
    longest_retry_after: float = Field(default=120.0, ge=0)
    """A server that asks for a longer wait than this many seconds is given up at once."""
    give_up_after: float = Field(default=900.0, gt=0)
    """Seconds from the first attempt after which no further one is made. A silent server is given
    up after two attempts of 600 seconds instead of six."""
    hedge_after: float | None = Field(default=None, gt=0)
    """Seconds after which a request that has no answer is sent a second time; the first answer
    counts, and the other one's prompt is paid for too."""

    def wait(self, attempt: int, retry_after: float | None = None) -> float:
        """Return the seconds to wait after an attempt, the first being 1."""
        backoff = min(self.longest_wait, self.first_wait * 2.0 ** min(attempt - 1, 30))
        backoff *= random.uniform(0.5, 1.0)
        return backoff if retry_after is None else max(backoff, retry_after)
