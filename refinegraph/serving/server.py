"""Run the application with uvicorn, with a graceful shutdown."""

import asyncio
import gc
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

import uvicorn

from refinegraph.errors import InputError
from refinegraph.serving.app import ServingApp
from refinegraph.wording import plural

_BACKLOG = 2_048
"""Connections that may wait to be accepted: hundreds of clients may connect at once."""
_THRESHOLDS = (20_000, 20, 50)
"""Python's are (700, 10, 10). A request allocates about a thousand objects, nearly all of which are
freed without a collection."""
_LAST_WORDS = 3
"""Seconds that cancelled streams have to send their last event."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises `InputError` if the address is not available."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        # Accepted connections inherit this. asyncio sets it only on sockets with an explicit
        # protocol; without it, each answer waits up to 40 ms for an acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except (OSError, OverflowError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).partition(" (")[0]
        raise InputError(
            f"cannot listen on {host} port {port}: {reason}; choose another with --port or --host."
        ) from None


def address_of(listening: socket.socket) -> str:
    """Return the address that clients use, such as `http://127.0.0.1:8400`."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run_server(
    app: ServingApp,
    listening: socket.socket,
    *,
    grace: float,
    say: Callable[[str], None],
    log_requests: bool = False,
) -> int:
    """Serve until the process is told to stop; return the number of cancelled requests.

    Active requests then have `grace` seconds to finish. The others are cancelled, and their clients
    are told so.
    """
    config = uvicorn.Config(
        app,
        log_level="info" if log_requests else "warning",
        access_log=log_requests,
        timeout_graceful_shutdown=round(grace) + _LAST_WORDS,
        lifespan="off",
        server_header=False,
    )
    _collect_less_garbage()
    server = _Server(config, app, grace, say)
    # uvicorn raises the signal again after everything is closed.
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    return server.cut_off


def _collect_less_garbage() -> None:
    """Exclude loaded modules from garbage collection, and collect other objects less often.

    Python would otherwise examine the hundreds of thousands of objects of the loaded modules again
    and again while hundreds of requests are parsed, which would take a third of their time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


class _Server(uvicorn.Server):
    """A server that lets requests finish before it stops."""

    def __init__(
        self, config: uvicorn.Config, app: ServingApp, grace: float, say: Callable[[str], None]
    ) -> None:
        super().__init__(config)
        self.cut_off = 0
        self._app = app
        self._grace = grace
        self._say = say

    async def shutdown(self, sockets: "Sequence[socket.socket] | None" = None) -> None:
        """Stop accepting requests, wait for the active ones, and cancel the rest."""
        admission = self._app.service.admission
        admission.is_stopping = True
        if admission.active:
            self._say(
                f"stopping: {plural(admission.active, 'request')} in work, {self._grace:g} s to "
                "end; Ctrl-C again ends at once"
            )
        ending = asyncio.create_task(self._cut_off_later())
        try:
            await super().shutdown(list(sockets or []))
        finally:
            ending.cancel()

    async def _cut_off_later(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._grace
        while loop.time() < until and not self.force_exit:
            await asyncio.sleep(0.05)
        self.cut_off = self._app.service.admission.cut_off()
