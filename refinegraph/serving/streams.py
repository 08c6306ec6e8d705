"""Work as a stream of bytes: what it tells on the way, signs of life, and its end."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from refinegraph.serving.admission import Admission, stopping
from refinegraph.serving.answers import ServedAnswer
from refinegraph.serving.deltas import Delta, OnDelta
from refinegraph.serving.dialects import Reply
from refinegraph.serving.wire import WAITING

Result = TypeVar("Result")
Work = Callable[[OnDelta], Coroutine[Any, Any, ServedAnswer]]
"""Answers a request and tells of the answer while it is written."""


async def told_by(work: Work, admission: Admission, reply: Reply) -> AsyncGenerator[bytes]:
    """Yield the deltas that a piece of work tells of, then its end or its error.

    The work is cancelled where nobody reads on. Deltas may be told on any thread.
    """
    queue: asyncio.Queue[Delta | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def tell(delta: Delta) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, delta)

    task = admission.start(work(tell))
    task.add_done_callback(lambda _: loop.call_soon(queue.put_nowait, None))
    try:
        while (delta := await queue.get()) is not None:
            yield reply.delta(delta)
        if task.cancelled():
            raise stopping()
        yield b"".join(reply.ending(task.result()))
    finally:
        await _cancelled(task)


async def kept_alive(
    parts: AsyncGenerator[bytes], admission: Admission, *, seconds: float
) -> AsyncGenerator[bytes]:
    """Yield parts as they come, and a comment after so many seconds of silence.

    Raises `Refusal` where the server stops before the parts have ended.
    """
    coming: asyncio.Task[bytes | None] | None = None
    try:
        while True:
            coming = coming or admission.start(_next(parts))
            done, _ = await asyncio.wait({coming}, timeout=seconds)
            if not done:
                yield WAITING
                continue
            if coming.cancelled():
                raise stopping()
            part, coming = coming.result(), None
            if part is None:
                return
            yield part
    finally:
        if coming is not None:
            await _cancelled(coming)
        await parts.aclose()


async def unless_gone(
    work: Coroutine[Any, Any, Result],
    admission: Admission,
    gone: Callable[[], Awaitable[None]],
) -> Result:
    """Return what a piece of work returns; cancel it and return nothing where its client goes.

    Raises:
        Refusal: Where the server stops before the work has ended.
        ClientGone: Where the client left.
    """
    task = admission.start(work)
    leaving = asyncio.ensure_future(gone())
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGone
        if task.cancelled():
            raise stopping()
        return task.result()
    finally:
        await _cancelled(leaving)
        await _cancelled(task)


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


async def _next(parts: AsyncGenerator[bytes]) -> bytes | None:
    return await anext(parts, None)


async def _cancelled(task: "asyncio.Future[Any]") -> None:
    """Cancel a task and wait until it has let go of what it held."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # or asyncio complains that nobody looked at it
