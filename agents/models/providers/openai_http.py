"""HTTP for the direct client, with one aiohttp connection pool per event loop."""

import asyncio
import importlib
import os
import ssl
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import refinegraph
from refinegraph.agents.models.providers.openai_forms import MalformedAnswer, error_message
from refinegraph.agents.models.providers.per_loop import PerLoop

if TYPE_CHECKING:
    import aiohttp

MAX_BODY = 64 * 2**20
"""Maximum size of an answer in bytes, uncompressed. A choice of 100,000 tokens with 20 alternatives
each takes a fifth of it; anything larger is not an answer and would exhaust the memory."""
_CONNECT_SECONDS = 30.0
"""Timeout for connecting, in seconds. Servers that exist accept within one second; addresses that
drop packets never do."""
_IDLE_SECONDS = 4.0
"""Seconds for which an unused connection is kept: one less than uvicorn does, so that the client
never sends on a connection that the server is closing."""
_MAX_REDIRECTS = 10
"""aiohttp's own default."""


class StatusError(Exception):
    """The server answered with an HTTP error status."""

    def __init__(self, message: str, response: "SentHead") -> None:
        super().__init__(message)
        self.response = response


class SentHead(NamedTuple):
    """The status and headers of a response."""

    status_code: int
    headers: Mapping[str, str]


class Reply:
    """A response with a success status whose body has not been read yet."""

    def __init__(self, response: "aiohttp.ClientResponse") -> None:
        self._response = response

    async def read(self) -> bytes:
        """Return the whole body."""
        parts = [part async for part in self.parts()]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def parts(self) -> AsyncGenerator[bytes]:
        """Yield the body as it arrives.

        Raises:
            MalformedAnswer: If the body is larger than `MAX_BODY`.
        """
        size = 0
        with _translated_errors():
            async for part in self._response.content.iter_any():
                size += len(part)
                if size > MAX_BODY:
                    raise MalformedAnswer(f"an answer of more than {MAX_BODY >> 20} MB")
                yield part


@asynccontextmanager
async def post(url: str, body: bytes, *, key: str) -> AsyncGenerator[Reply]:
    """Post a JSON body and yield the reply.

    The connection is closed if the reply is not read completely.

    Raises:
        StatusError: For a status of 300 or higher.
    """
    if not _aiohttp.cache_info().currsize:
        await asyncio.to_thread(_aiohttp)  # imports for 0.15 s, which would block the event loop
    pool = await _pools.get()
    async with await _send(pool, url, body, key) as response:
        reply = Reply(response)
        if response.status >= 300:
            head = SentHead(response.status, response.headers)
            raise StatusError(await _explanation(reply, response.reason), head)
        yield reply


class _Route(NamedTuple):
    """The way to reach an address."""

    proxy: str | None
    tls: ssl.SSLContext | bool
    takes_key: bool
    """Whether to send a key; an address with a user and password sends those instead."""


class _Pool(NamedTuple):
    """The connections of one event loop; environment variables are read once per pool."""

    session: "aiohttp.ClientSession"
    routes: dict[str, _Route]

    def route(self, url: str) -> _Route:
        if url not in self.routes:
            self.routes[url] = _Route(
                _proxy(url), _tls() if url.startswith("https:") else True, _takes_key(url)
            )
        return self.routes[url]


async def _send(pool: _Pool, url: str, body: bytes, key: str) -> "aiohttp.ClientResponse":
    route = pool.route(url)
    try:
        with _translated_errors():
            return await pool.session.post(
                url,
                data=body,
                headers={"authorization": f"Bearer {key}"} if route.takes_key else None,
                proxy=route.proxy,
                ssl=route.tls,
                max_redirects=_MAX_REDIRECTS,
            )
    except _aiohttp().TooManyRedirects:
        pass
    # Raised outside the handler, so that the less informative error is not attached.
    raise ConnectionError("Exceeded maximum allowed redirects")


async def _explanation(reply: Reply, reason: str | None) -> str:
    return error_message(await reply.read()) or reason or "no explanation"


@cache
def _aiohttp() -> Any:
    return importlib.import_module("aiohttp")


def _open_pool() -> _Pool:
    http = _aiohttp()
    # The run limits the number of concurrent requests, for each provider.
    connector = http.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS)
    headers = {
        "content-type": "application/json",
        "user-agent": f"refinegraph/{refinegraph.__version__}",
    }
    session = http.ClientSession(
        connector=connector,
        timeout=http.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
        cookie_jar=http.DummyCookieJar(),
        headers=headers,
    )
    return _Pool(session, {})


async def _close_pool(pool: _Pool) -> None:
    await pool.session.close()


_pools: PerLoop[_Pool] = PerLoop(_open_pool, _close_pool)


def _takes_key(url: str) -> bool:
    return "@" not in urlsplit(url).netloc


def _tls() -> ssl.SSLContext:
    return _context(os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))


@cache
def _context(file: str, folder: str) -> ssl.SSLContext:
    """Trust the authorities of SSL_CERT_FILE and SSL_CERT_DIR, or the system's and certifi's."""
    context = ssl.create_default_context()
    if not file and not folder:
        certifi: Any = importlib.import_module("certifi")
        context.load_verify_locations(certifi.where())
    return context


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment specifies for an address, as urllib reads it."""
    parts = urlsplit(url)
    proxies = getproxies()
    if not proxies or proxy_bypass(parts.hostname or ""):
        return None
    return proxies.get(parts.scheme) or proxies.get("all")


@contextmanager
def _translated_errors() -> Generator[None]:
    """Translate aiohttp's errors to classes that distinguish what happened."""
    http = _aiohttp()
    try:
        yield
    except http.TooManyRedirects:
        raise
    except (http.ClientPayloadError, http.ClientResponseError) as error:
        if type(error.__cause__).__name__ == "ContentEncodingError":
            raise MalformedAnswer(f"a body that cannot be unpacked: {error.__cause__}") from error
        raise ConnectionError(str(error)) from error
