"""Limit the number of active requests, and cancel them when the server stops."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from refinegraph.serving.refusals import Refusal, too_busy

Result = TypeVar("Result")

_FIRST_GUESS = 5.0
"""Estimated duration of a request, in seconds, until the first one has finished."""
_GAP = 0.003
"""Seconds without a new request after which runs begin. A model's answer takes much longer."""
_LONGEST_RUSH = 0.3
"""Seconds after which a run begins in any case: the time in which hundreds of requests arrive."""
_WEIGHT = 0.1
"""Weight of the newest request in the average duration, which covers about the last ten."""


class Admission:
    """The active requests, of which there are at most `max_requests`."""

    def __init__(self, max_requests: int) -> None:
        self.max_requests = max_requests
        self.active = 0
        self.finished = 0
        self.is_stopping = False
        self._seconds = _FIRST_GUESS
        self._last_arrival = -math.inf
        self._work: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """Count a request as active while the body runs.

        Raises `Refusal` with the seconds after which the client should try again.
        """
        if self.is_stopping:
            raise stopping()
        if self.active >= self.max_requests:
            raise too_busy(
                f"the server is handling {self.active} requests, which is its limit; "
                "try again later.",
                seconds=self._seconds,
            )
        self.active += 1
        began = self._last_arrival = time.monotonic()
        try:
            yield
        finally:
            self.active -= 1
            self.finished += 1
            self._seconds += _WEIGHT * (time.monotonic() - began - self._seconds)

    async def rush_over(self) -> None:
        """Wait until no more requests arrive, so that the first bytes of all are sent before runs.

        Hundreds of requests that arrive together would otherwise wait for each other's runs.
        """
        until = time.monotonic() + _LONGEST_RUSH
        while self._last_arrival + _GAP > time.monotonic() < until:
            await asyncio.sleep(_GAP)

    def start(self, work: Coroutine[Any, Any, Result]) -> "asyncio.Task[Result]":
        """Start a task that `cut_off` will cancel."""
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    def cut_off(self) -> int:
        """Cancel all tasks and tell their clients why; return the number of active requests."""
        self.is_stopping = True
        for task in list(self._work):
            task.cancel()
        return self.active


def stopping() -> Refusal:
    """Return the refusal that a stopping server sends."""
    return Refusal(
        "the server is stopping; send the request again when it is back.",
        status=503,
        type="server_error",
        code="server_stopping",
        headers={"retry-after": "5", "x-should-retry": "true"},
    )
