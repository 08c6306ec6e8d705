"""Support plain and async functions alike, and await several coroutines."""

import asyncio
from collections.abc import Awaitable, Coroutine
from inspect import isawaitable
from typing import Any, TypeAlias, TypeVar

Value = TypeVar("Value")

MaybeAwaitable: TypeAlias = Value | Awaitable[Value]
"""The return type of a function that may be plain or async."""


async def settle(value: MaybeAwaitable[Value]) -> Value:
    """Return a value, awaiting it if it is awaitable.

    >>> async def later() -> int:
    ...     return 2
    >>> asyncio.run(settle(1)), asyncio.run(settle(later()))
    (1, 2)
    """
    either: Any = value  # type checkers disagree on how to narrow the union
    settled: Value = await either if isawaitable(either) else either
    return settled


async def wait_for_all(*work: Coroutine[Any, Any, Value]) -> list[Value]:
    """Return the results in order; if a coroutine raises, cancel and await the others first.

    `asyncio.gather` would leave the others running, and they would spend tokens on results that are
    no longer needed.
    """
    if len(work) == 1:  # a single coroutine needs no task
        return [await work[0]]
    tasks = [asyncio.ensure_future(part) for part in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
