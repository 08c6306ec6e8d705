"""How fast each provider is asked: calls in flight, requests and tokens a minute, and what it says.

A provider that is overloaded is asked half as much at once, then one more call in flight for each
round of answers: additive increase, multiplicative decrease.
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
_LONGEST_PAUSE = 120.0
"""Seconds: limits by the minute have passed twice, and a wrong `Retry-After` stalls no run."""


class RateLimits:
    """Limits on requests, shared by every run that is given this object.

    `limit` requests are in flight at most, over all providers; `requests` and `tokens` a minute are
    of each provider. Waiting requests are served run by run. A retry gives its place up while it
    waits. Each event loop has the limits for itself; with a `shared` store, requests and tokens
    a minute are those of all processes that use it.

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
            raise InputError(f"The limit of calls in flight is {limit!r}; it must be at least 1.")
        self.limit = limit
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self.shared = shared
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Loop] = WeakKeyDictionary()

    @asynccontextmanager
    async def turn(self, endpoint: Endpoint, *, run: int, tokens: int) -> "AsyncGenerator[Turn]":
        """Wait until a request of about so many tokens may be made; hold its place meanwhile."""
        loop = self._here()
        provider = loop.provider(endpoint)
        await provider.turns.take(run)
        try:
            await provider.wait(tokens)
            await loop.turns.take(run)
            try:
                yield Turn(provider, tokens)
            finally:
                loop.turns.give_back()
        finally:
            provider.turns.give_back()

    def allowed(self, endpoint: Endpoint) -> float:
        """Return how many requests a provider is asked at once, after what it said so far."""
        return self._here().provider(endpoint).turns.limit

    def _here(self) -> "_Loop":
        loop = asyncio.get_running_loop()
        found = self._loops.get(loop)
        if found is None:
            found = self._loops[loop] = _Loop(self)
        return found

    def __repr__(self) -> str:
        """Return the expression that makes one like it."""
        more = [
            f", {name}={value!r}"
            for name in ("requests_per_minute", "tokens_per_minute")
            if (value := getattr(self, name)) is not None
        ]
        return f"RateLimits({self.limit}{''.join(more)})"


class Turn:
    """One attempt that may be made; it is told how the attempt ended."""

    def __init__(self, provider: "_Provider", tokens: int) -> None:
        self._provider = provider
        self._tokens = tokens
        self._began = time.monotonic()

    def answered(self, tokens: int) -> None:
        """Note an answer that took so many tokens."""
        self._provider.answered(self._tokens - tokens)

    def failed(self, failure: Failure) -> None:
        """Note a failure; one that speaks of overload slows the provider's requests down."""
        if failure.kind == "rate_limited" or failure.status in _OVERLOADED:
            self._provider.slow_down(self._began, failure.retry_after)


class _Loop:
    """The limits as one event loop has them."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits
        self.turns = FairSemaphore(limits.limit)
        self._providers: dict[tuple[str, str | None], _Provider] = {}

    def provider(self, endpoint: Endpoint) -> "_Provider":
        key = (endpoint.name.partition("/")[0], endpoint.api_base)
        found = self._providers.get(key)
        if found is None:
            found = self._providers[key] = _Provider(self._limits, _name(endpoint))
        return found


class _Provider:
    """What one provider may be asked."""

    def __init__(self, limits: RateLimits, name: str) -> None:
        self.turns = FairSemaphore(limits.limit)
        self._most = limits.limit
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

    def answered(self, too_much: int) -> None:
        if self._tokens:
            self._tokens.correct(too_much)
        if self.turns.limit < self._most:
            self.turns.limit = min(self._most, self.turns.limit + 1 / self.turns.limit)
            self.turns.wake()

    def slow_down(self, began: float, retry_after: float | None) -> None:
        """Halve what is asked at once, once for all requests that were under way together."""
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
    """Return what all processes call a provider, without credentials."""
    provider, base = endpoint.name.partition("/")[0], endpoint.api_base
    return f"{provider} {without_credentials(base)}" if base else provider
