"""Turn work into a stream of bytes: its deltas, keep-alive comments, and its result."""

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
"""Answers a request and reports the answer while it is written."""


async def told_by(work: Work, admission: Admission, reply: Reply) -> AsyncGenerator[bytes]:
    """Yield the deltas that a piece of work reports, then its result or its error.

    The work is cancelled when the stream is closed. Deltas may come from any thread.
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
    """Yield parts as they arrive, and a comment after `seconds` of silence.

    Raises `Refusal` if the server stops before the last part.
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
    """Return the result of a piece of work; cancel it if its client disconnects.

    Raises:
        Refusal: If the server stops before the work has finished.
        ClientGone: If the client disconnected.
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
    """The client disconnected before it got its answer."""


async def _next(parts: AsyncGenerator[bytes]) -> bytes | None:
    return await anext(parts, None)


async def _cancelled(task: "asyncio.Future[Any]") -> None:
    """Cancel a task and wait until it has released its resources."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # otherwise asyncio warns that it was never retrieved
