"""Rate limits per provider: concurrent calls, requests and tokens per minute, and backpressure.

If a provider is overloaded, its number of concurrent calls is halved, then raised by one for each
round of answers (additive increase, multiplicative decrease).
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from refinegraph.agents.models.backend import Endpoint
from refinegraph.agents.models.calls.fair_semaphore import FairSemaphore, TokenBucket
from refinegraph.agents.models.calls.shared_rates import BucketStore, SharedBucket
from refinegraph.agents.models.failures import Failure
from refinegraph.errors import InputError
from refinegraph.support.awaiting import settle
from refinegraph.support.redaction import without_credentials

_OVERLOADED = frozenset({503, 529})
"""HTTP statuses of overload: service unavailable, and Anthropic's own code for it."""
_LONGEST_PAUSE = 120.0
"""Maximum pause in seconds: by then, limits per minute have been reset twice, and a wrong
`Retry-After` cannot stall a run."""


class RateLimits:
    """Limits on requests, shared by every run that uses the same object.

    At most `limit` requests are in flight over all providers; `requests_per_minute` and
    `tokens_per_minute` apply to each provider. Waiting requests are served fairly between runs. A
    request that waits for a retry releases its slot. Each event loop has its own limits; with a
    `shared` store, requests and tokens per minute are limited over all processes that use it.

    >>> RateLimits(8, requests_per_minute=60)
    RateLimits(8, requests_per_minute=60)
    """

    def __init__(
        self,
        limit: int,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        shared: BucketStore | None = None,
    ) -> None:
        if limit < 1:
            raise InputError(f"The limit of calls in flight must be at least 1, got {limit!r}.")
        self.limit = limit
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self.shared = shared
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Loop] = WeakKeyDictionary()

    @asynccontextmanager
    async def slot(self, endpoint: Endpoint, *, run: int, tokens: int) -> "AsyncGenerator[Slot]":
        """Wait until a request of about `tokens` tokens may be made, and hold its slot."""
        loop = self._here()
        provider = loop.provider(endpoint)
        await provider.turns.take(run)
        try:
            await provider.wait(tokens)
            await loop.turns.take(run)
            try:
                yield Slot(provider, tokens)
            finally:
                loop.turns.give_back()
        finally:
            provider.turns.give_back()

    def allowed(self, endpoint: Endpoint) -> float:
        """Return the number of concurrent requests that a provider currently allows."""
        return self._here().provider(endpoint).turns.limit

    def _here(self) -> "_Loop":
        loop = asyncio.get_running_loop()
        here = self._loops.get(loop)
        if here is None:
            here = self._loops[loop] = _Loop(self)
        return here

    def __repr__(self) -> str:
        """Return the constructor call."""
        options = [
            f", {name}={value!r}"
            for name in ("requests_per_minute", "tokens_per_minute")
            if (value := getattr(self, name)) is not None
        ]
        return f"RateLimits({self.limit}{''.join(options)})"


class Slot:
    """Permission for one attempt, whose result has to be reported."""

    def __init__(self, provider: "_Provider", tokens: int) -> None:
        self._provider = provider
        self._tokens = tokens
        self._began = time.monotonic()

    def answered(self, tokens: int) -> None:
        """Report an answer that used `tokens` tokens."""
        self._provider.answered(self._tokens - tokens)

    def failed(self, failure: Failure) -> None:
        """Report a failure; one that indicates overload slows down the provider's requests."""
        if failure.kind == "rate_limited" or failure.status in _OVERLOADED:
            self._provider.slow_down(self._began, failure.retry_after)


class _Loop:
    """The limits of one event loop."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits
        self.turns = FairSemaphore(limits.limit)
        self._providers: dict[tuple[str, str | None], _Provider] = {}

    def provider(self, endpoint: Endpoint) -> "_Provider":
        key = (endpoint.name.partition("/")[0], endpoint.api_base)
        provider = self._providers.get(key)
        if provider is None:
            provider = self._providers[key] = _Provider(self._limits, _name(endpoint))
        return provider


class _Provider:
    """The limits of one provider."""

    def __init__(self, limits: RateLimits, name: str) -> None:
        self.turns = FairSemaphore(limits.limit)
        self._max_limit = limits.limit
        self._requests = _bucket(limits, limits.requests_per_minute, f"requests {name}")
        self._tokens = _bucket(limits, limits.tokens_per_minute, f"tokens {name}")
        self._slowed = 0.0
        self._paused_until = 0.0

    async def wait(self, tokens: int) -> None:
        now = time.monotonic()
        delays = [self._paused_until - now]
        if self._requests:
            delays.append(await settle(self._requests.delay(1, now=now)))
        if self._tokens:
            delays.append(await settle(self._tokens.delay(tokens, now=now)))
        if (longest := max(delays)) > 0:
            await asyncio.sleep(longest)

    def answered(self, excess: int) -> None:
        if self._tokens:
            self._tokens.correct(excess)
        if self.turns.limit < self._max_limit:
            self.turns.limit = min(self._max_limit, self.turns.limit + 1 / self.turns.limit)
            self.turns.wake()

    def slow_down(self, began: float, retry_after: float | None) -> None:
        """Halve the concurrency, once for all requests that were in flight together."""
        now = time.monotonic()
        if retry_after:
            self._paused_until = max(self._paused_until, now + min(retry_after, _LONGEST_PAUSE))
        if began < self._slowed:
            return
        self._slowed = now
        self.turns.limit = max(1.0, min(self.turns.limit, self.turns.taken) / 2)


def _bucket(
    limits: RateLimits, per_minute: float | None, name: str
) -> TokenBucket | SharedBucket | None:
    if per_minute is None:
        return None
    own = TokenBucket(per_minute, now=time.monotonic())
    return SharedBucket(limits.shared, name, per_minute) if limits.shared else own


def _name(endpoint: Endpoint) -> str:
    """Return a provider's name as used by all processes, without credentials."""
    provider, base = endpoint.name.partition("/")[0], endpoint.api_base
    return f"{provider} {without_credentials(base)}" if base else provider
