"""A second attempt beside the first one where that takes long."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from refinegraph.agents.models.answers import Answer
from refinegraph.agents.models.retrying import AttemptFailed

Attempt = Callable[[], Coroutine[Any, Any, Answer]]


async def hedged(attempt: Attempt, *, after: float, on_hedge: Callable[[], None]) -> Answer:
    """Make an attempt, and another one after so many seconds; the first answer counts."""
    first = asyncio.ensure_future(attempt())
    tasks = [first]
    try:
        await asyncio.wait(tasks, timeout=after)
        if first.done():
            return first.result()
        on_hedge()
        tasks.append(asyncio.ensure_future(attempt()))
        return await _first_good(tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _first_good(tasks: Sequence[asyncio.Task[Answer]]) -> Answer:
    """Return the first answer that comes; raise the last failure where none does."""
    last: AttemptFailed | None = None
    for ended in asyncio.as_completed(tasks):
        try:
            return await ended
        except AttemptFailed as failed:
            last = failed
    assert last is not None
    raise last
