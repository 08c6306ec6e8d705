"""Read blocking iterators without blocking the event loop."""

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

Item = TypeVar("Item")

_END = object()


async def read_in_thread(items: Iterator[Item]) -> AsyncGenerator[Item]:
    """Yield the items of a blocking iterator, which are read in a thread on demand.

    The thread is a daemon thread, so that waiting for input does not delay the exit of the process.

    >>> async def all_of() -> list[int]:
    ...     return [item async for item in read_in_thread(iter(range(3)))]
    >>> asyncio.run(all_of())
    [0, 1, 2]
    """
    loop = asyncio.get_running_loop()
    requests: queue.SimpleQueue[asyncio.Future[Any] | None] = queue.SimpleQueue()
    threading.Thread(target=_serve, args=(items, requests, loop), daemon=True).start()
    try:
        while True:
            request: asyncio.Future[Any] = loop.create_future()
            requests.put(request)
            item = await request
            if item is _END:
                return
            yield item
    finally:
        requests.put(None)


def _serve(
    items: Iterator[Any],
    requests: "queue.SimpleQueue[asyncio.Future[Any] | None]",
    loop: asyncio.AbstractEventLoop,
) -> None:
    while (request := requests.get()) is not None:
        settle: Callable[[Any], None] = request.set_result
        try:
            value: Any = next(items, _END)
        except Exception as error:
            settle, value = request.set_exception, error
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(_unless_done, request, settle, value)


def _unless_done(request: "asyncio.Future[Any]", settle: Callable[[Any], None], value: Any) -> None:
    if not request.done():
        settle(value)
