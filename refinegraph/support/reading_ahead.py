"""Iterators whose next item may be long in coming, read without holding up the event loop."""

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

Item = TypeVar("Item")

_END = object()


async def read_in_thread(items: Iterator[Item]) -> AsyncGenerator[Item]:
    """Yield the items of an iterator that blocks, each read in a thread when it is asked for.

    The thread is a daemon: one that waits for input that never comes keeps nobody waiting.

    >>> async def all_of() -> list[int]:
    ...     return [item async for item in read_in_thread(iter(range(3)))]
    >>> asyncio.run(all_of())
    [0, 1, 2]
    """
    loop = asyncio.get_running_loop()
    wanted: queue.SimpleQueue[asyncio.Future[Any] | None] = queue.SimpleQueue()
    threading.Thread(target=_serve, args=(items, wanted, loop), daemon=True).start()
    try:
        while True:
            coming: asyncio.Future[Any] = loop.create_future()
            wanted.put(coming)
            item = await coming
            if item is _END:
                return
            yield item
    finally:
        wanted.put(None)


def _serve(
    items: Iterator[Any],
    wanted: "queue.SimpleQueue[asyncio.Future[Any] | None]",
    loop: asyncio.AbstractEventLoop,
) -> None:
    while (coming := wanted.get()) is not None:
        tell: Callable[[Any], None] = coming.set_result
        try:
            value: Any = next(items, _END)
        except Exception as error:
            tell, value = coming.set_exception, error
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(_unless_done, coming, tell, value)


def _unless_done(coming: "asyncio.Future[Any]", tell: Callable[[Any], None], value: Any) -> None:
    if not coming.done():
        tell(value)
