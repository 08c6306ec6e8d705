"""Send requests to a server of reward models, with concurrency limits, retries and charging."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlsplit

from refinegraph.charging import charge
from refinegraph.errors import ContextTooLong, InputError, ModelError, ModelRequestRefused
from refinegraph.retry_policy import RetryPolicy
from refinegraph.schema import Usage

if TYPE_CHECKING:
    import httpx

Payload = dict[str, Any]

_RETRIED = frozenset({408, 409, 425, 429})
"""Client errors that may succeed later: timeout, conflict, too early, too many requests."""
_PERMANENT = frozenset({501, 505, 511})
"""Server errors that will not go away: not implemented, HTTP version not supported, and network
authentication required."""
_TOO_LONG = re.compile(
    r"context (?:length|size|window)|maximum (?:context|model) length|too (?:long|large) to process"
    r"|prompt is too long|input is too (?:long|large)",
    re.IGNORECASE,
)
_QUOTED = 200
"""Characters of an unexpected response that an error message quotes: a choice."""
_MAX_TOKENS = 100_000_000
"""No context is longer; a server that reports more is wrong."""


class RewardServer(NamedTuple):
    """The address of a reward model, and the limits and retries of its requests."""

    url: str
    """The server's root, without `/v1`."""
    api_key: str | None = None
    concurrency: int = 8
    timeout: float = 120.0
    """Seconds for one attempt."""
    retry: RetryPolicy = RetryPolicy()
    usd_per_million: float | None = None
    """Price of a million tokens; None if it is unknown."""
    role: str = "reward model"
    """The name of the server in error messages."""

    def __repr__(self) -> str:
        """Return the constructor call without the key."""
        return f"RewardServer({self.url!r})"

    @asynccontextmanager
    async def session(self) -> "AsyncGenerator[RewardSession]":
        """Open a session and close its connections afterwards."""
        session = RewardSession(self)
        try:
            yield session
        finally:
            await session.close()


def server_root(url: str, *, role: str = "reward model") -> str:
    """Return the root of a server's address.

    Raises `InputError` for anything but a web address, and for one with credentials or a query.

    >>> server_root("http://127.0.0.1:8000/v1/")
    'http://127.0.0.1:8000'
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(
            f"The {role}'s address {url!r} is not a web address; "
            "pass the server's root, such as 'http://127.0.0.1:8000'."
        )
    if parts.username or parts.password or parts.query:
        raise InputError(
            f"The {role}'s address at {parts.hostname!r} contains credentials or a query; "
            "pass the key as api_key."
        )
    return url.rstrip("/").removesuffix("/v1")


class _Failed(NamedTuple):
    """A failed attempt."""

    error: ModelError
    retryable: bool
    """Whether another attempt may succeed."""
    retry_after: float | None = None


class RewardSession:
    """Connections to one server during one scoring pass."""

    def __init__(self, server: RewardServer) -> None:
        import httpx

        self.server = server
        self._slots = asyncio.Semaphore(server.concurrency)
        self._client = httpx.AsyncClient(
            base_url=server.url,
            headers={"Authorization": f"Bearer {server.api_key}"} if server.api_key else {},
            timeout=server.timeout,
            verify=server.url.startswith("https:"),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def post(self, path: str, body: Payload) -> Payload:
        """Post a request, charge for it and return the JSON object of the response.

        Failed requests are retried according to the server's policy. Raises `ContextTooLong`,
        `ModelRequestRefused` or `ModelError`, whose messages never contain the key.
        """
        policy, attempt, started = self.server.retry, 1, time.monotonic()
        while True:
            async with self._slots:
                result = await self._attempt(path, body)
            if not isinstance(result, _Failed):
                self._charge(path, result)
                return result
            patient = (result.retry_after or 0.0) <= policy.max_retry_after
            in_time = time.monotonic() - started < policy.give_up_after
            if not (result.retryable and patient and in_time and attempt < policy.attempts):
                raise result.error
            charge(Usage(retries=1))
            await asyncio.sleep(policy.wait(attempt, result.retry_after))
            attempt += 1

    async def _attempt(self, path: str, body: Payload) -> Payload | _Failed:
        import httpx

        try:
            response = await self._client.post(path, json=body)
        except httpx.TransportError as error:
            reason = f"cannot be reached ({error or type(error).__name__}); is the server running?"
            return _Failed(self._error(ModelError, path, reason), retryable=True)
        if not response.is_success:
            return self._refusal(path, response)
        try:
            answer: object = response.json()
        except ValueError:
            answer = None
        if isinstance(answer, dict):
            return cast(Payload, answer)
        page = response.text.lstrip()[:1] == "<"
        reason = f"did not return a JSON object: {response.text[:_QUOTED]!r}; is the address right?"
        kind = ModelRequestRefused if page else ModelError
        return _Failed(self._error(kind, path, reason), retryable=not page)

    def _refusal(self, path: str, response: "httpx.Response") -> _Failed:
        status, text = response.status_code, " ".join(response.text.split())
        reason = f"returned {status}: {text[:_QUOTED]}"
        if status in (400, 413, 422, 500) and _TOO_LONG.search(text):
            return _Failed(self._error(ContextTooLong, path, reason), retryable=False)
        retryable = status in _RETRIED or (status >= 500 and status not in _PERMANENT)
        kind = ModelError if retryable else ModelRequestRefused
        return _Failed(self._error(kind, path, reason), retryable, _retry_after(response))

    def _error(self, kind: type[ModelError], path: str, reason: str) -> ModelError:
        text = f"The {self.server.role} at {self.server.url}{path} {reason}"
        key = self.server.api_key
        return kind(text.replace(key, "********") if key else text)

    def _charge(self, path: str, answer: Payload) -> None:
        """Charge for a judgement; tokenizing is free."""
        if path == "/tokenize":
            return
        reported = answer.get("usage")
        usage = cast(Payload, reported) if isinstance(reported, dict) else {}
        count = _tokens(usage.get("prompt_tokens")) or _tokens(usage.get("total_tokens"))
        price = self.server.usd_per_million
        charge(
            Usage(
                llm_calls=1,
                prompt_tokens=count,
                priced_usd=(price or 0.0) * count / 1e6,
                unpriced_calls=int(price is None),
            )
        )


def _tokens(value: object) -> int:
    """Return a token count that a server reported, or 0 if it is implausible."""
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 <= value <= _MAX_TOKENS else 0


def _retry_after(response: "httpx.Response") -> float | None:
    """Return the seconds in a `Retry-After` header; dates are not supported."""
    try:
        return max(0.0, float(response.headers.get("Retry-After", "")))
    except ValueError:
        return None
