"""Requests to a server of reward models: how many at once, sent again when, and what they cost."""

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
_PERMANENT = frozenset({501, 505, 511})
"""Not implemented, HTTP version not supported, and a network that wants a login first."""
_TOO_LONG = re.compile(
    r"context (?:length|size|window)|maximum (?:context|model) length|too (?:long|large) to process"
    r"|prompt is too long|input is too (?:long|large)",
    re.IGNORECASE,
)
_QUOTED = 200
_MOST_TOKENS = 100_000_000
"""No context holds more; a server that says so is wrong."""


class RewardServer(NamedTuple):
    """Where a reward model is served, and how patiently it is asked."""

    url: str
    """The server's root, without `/v1`."""
    api_key: str | None = None
    at_once: int = 8
    timeout: float = 120.0
    """Seconds for one attempt."""
    retry: RetryPolicy = RetryPolicy()
    usd_per_million: float | None = None
    """Price of a million tokens; None where it is unknown."""
    role: str = "reward model"
    """What errors call it."""

    def __repr__(self) -> str:
        """The address; the key never."""
        return f"RewardServer({self.url!r})"

    @asynccontextmanager
    async def session(self) -> "AsyncGenerator[RewardSession]":
        """Hold connections to it."""
        session = RewardSession(self)
        try:
            yield session
        finally:
            await session.close()


def server_root(url: str, *, role: str = "reward model") -> str:
    """Return a server's root from its address; raises `InputError` for one that holds secrets.

    >>> server_root("http://127.0.0.1:8000/v1/")
    'http://127.0.0.1:8000'
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(
            f"The {role}'s address {url!r} is no web address; "
            "give the server's root, such as 'http://127.0.0.1:8000'."
        )
    if parts.username or parts.password or parts.query:
        raise InputError(
            f"The {role}'s address at {parts.hostname!r} holds credentials or a query; "
            "give the key as api_key."
        )
    return url.rstrip("/").removesuffix("/v1")


class _Failed(NamedTuple):
    """An attempt that brought nothing."""

    error: ModelError
    worth_it: bool
    """Whether another attempt may cure it."""
    retry_after: float | None = None


class RewardSession:
    """Connections to one server for the time of one scoring."""

    def __init__(self, server: RewardServer) -> None:
        import httpx

        self.server = server
        self._places = asyncio.Semaphore(server.at_once)
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
        """Return the JSON object that answers a request, charging for it.

        Sent again as the server's policy says. Raises `ContextTooLong`, `ModelRequestRefused` or
        `ModelError` in one sentence without the key.
        """
        policy, attempt, started = self.server.retry, 1, time.monotonic()
        while True:
            async with self._places:
                told = await self._attempt(path, body)
            if not isinstance(told, _Failed):
                self._charge(path, told)
                return told
            patient = (told.retry_after or 0.0) <= policy.longest_retry_after
            in_time = time.monotonic() - started < policy.give_up_after
            if not (told.worth_it and patient and in_time and attempt < policy.attempts):
                raise told.error
            charge(Usage(retries=1))
            await asyncio.sleep(policy.wait(attempt, told.retry_after))
            attempt += 1

    async def _attempt(self, path: str, body: Payload) -> Payload | _Failed:
        import httpx

        try:
            response = await self._client.post(path, json=body)
        except httpx.TransportError as error:
            reason = f"cannot be reached ({error or type(error).__name__}); is the server running?"
            return _Failed(self._error(ModelError, path, reason), worth_it=True)
        if not response.is_success:
            return self._refusal(path, response)
        try:
            answer: object = response.json()
        except ValueError:
            answer = None
        if isinstance(answer, dict):
            return cast(Payload, answer)
        page = response.text.lstrip()[:1] == "<"
        said = f"answered no JSON object: {response.text[:_QUOTED]!r}; is the address right?"
        kind = ModelRequestRefused if page else ModelError
        return _Failed(self._error(kind, path, said), worth_it=not page)

    def _refusal(self, path: str, response: "httpx.Response") -> _Failed:
        status, text = response.status_code, " ".join(response.text.split())
        said = f"answered {status}: {text[:_QUOTED]}"
        if status in (400, 413, 422, 500) and _TOO_LONG.search(text):
            return _Failed(self._error(ContextTooLong, path, said), worth_it=False)
        worth_it = status in _RETRIED or (status >= 500 and status not in _PERMANENT)
        kind = ModelError if worth_it else ModelRequestRefused
        return _Failed(self._error(kind, path, said), worth_it, _retry_after(response))

    def _error(self, kind: type[ModelError], path: str, said: str) -> ModelError:
        text = f"The {self.server.role} at {self.server.url}{path} {said}"
        key = self.server.api_key
        return kind(text.replace(key, "********") if key else text)

    def _charge(self, path: str, answer: Payload) -> None:
        """Charge for a judgement; to tokenize costs nothing."""
        if path == "/tokenize":
            return
        counted = answer.get("usage")
        known = cast(Payload, counted) if isinstance(counted, dict) else {}
        count = _tokens(known.get("prompt_tokens")) or _tokens(known.get("total_tokens"))
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
    """Return a server's count of tokens, 0 where it cannot be one."""
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 <= value <= _MOST_TOKENS else 0


def _retry_after(response: "httpx.Response") -> float | None:
    """Return the seconds that a server asks to wait; dates are not read."""
    try:
        return max(0.0, float(response.headers.get("Retry-After", "")))
    except ValueError:
        return None
