"""How many requests are in work, and what becomes of them when the server stops."""

import asyncio
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from refinegraph.serving.refusals import Refusal, too_busy

Result = TypeVar("Result")

_FIRST_GUESS = 5.0
"""Seconds that a request is taken to last before any has ended."""
_WEIGHT = 0.1
"""What the newest request counts in the average of how long they last: about the last ten."""


class Admission:
    """The requests in work, at most so many at a time."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.active = 0
        self.finished = 0
        self.is_stopping = False
        self._seconds = _FIRST_GUESS
        self._work: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """Hold a place while a request is in work.

        Raises `Refusal` with the seconds after which a place is likely to be free.
        """
        if self.is_stopping:
            raise stopping()
        if self.active >= self.most:
            raise too_busy(
                f"{self.active} requests are in work, which is all that this server takes; "
                "try again later.",
                seconds=self._seconds,
            )
        self.active += 1
        began = time.monotonic()
        try:
            yield
        finally:
            self.active -= 1
            self.finished += 1
            self._seconds += _WEIGHT * (time.monotonic() - began - self._seconds)

    def start(self, work: Coroutine[Any, Any, Result]) -> "asyncio.Task[Result]":
        """Start a piece of work that `cut_off` ends."""
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    def cut_off(self) -> int:
        """Cancel all work, whose clients are told that the server stops; return their number."""
        self.is_stopping = True
        for task in list(self._work):
            task.cancel()
        return self.active


def stopping() -> Refusal:
    """Return the refusal of a server that stops."""
    return Refusal(
        "the server is stopping; send the request again when it is back.",
        status=503,
        type="server_error",
        code="server_stopping",
        headers={"retry-after": "5", "x-should-retry": "true"},
    )
