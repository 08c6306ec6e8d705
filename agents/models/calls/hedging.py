"""Hedged requests: a second attempt if the first one takes too long."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from refinegraph.agents.models.calls.retry import AttemptFailed
from refinegraph.agents.models.types import Completion

Attempt = Callable[[], Coroutine[Any, Any, Completion]]


async def hedged(attempt: Attempt, *, after: float, on_hedge: Callable[[], None]) -> Completion:
    """Make an attempt, and a duplicate after `after` seconds; return the first answer."""
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


async def _first_good(tasks: Sequence[asyncio.Task[Completion]]) -> Completion:
    """Return the first successful answer; raise the last failure if there is none."""
    last: AttemptFailed | None = None
    for finished in asyncio.as_completed(tasks):
        try:
            return await finished
        except AttemptFailed as failed:
            last = failed
    assert last is not None
    raise last
