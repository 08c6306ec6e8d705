"""Accept plain and async functions alike, and wait for several at once."""

import asyncio
from collections.abc import Awaitable, Coroutine
from inspect import isawaitable
from typing import Any, TypeAlias, TypeVar

Value = TypeVar("Value")

MaybeAwaitable: TypeAlias = Value | Awaitable[Value]
"""What a function returns that may be plain or async."""


async def settle(value: MaybeAwaitable[Value]) -> Value:
    """Return a value, waiting for it where it is still to come.

    >>> async def later() -> int:
    ...     return 2
    >>> asyncio.run(settle(1)), asyncio.run(settle(later()))
    (1, 2)
    """
    either: Any = value  # type checkers disagree on how to narrow the union
    settled: Value = await either if isawaitable(either) else either
    return settled


async def wait_for_all(*work: Coroutine[Any, Any, Value]) -> list[Value]:
    """Return the results in order; where one raises, cancel and await the others first.

    `asyncio.gather` would leave the others running, to spend on what nobody reads any more.
    """
    if len(work) == 1:  # a task of its own would only cost time
        return [await work[0]]
    tasks = [asyncio.ensure_future(part) for part in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
