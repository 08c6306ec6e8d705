"""Cache the results of async functions, so that scoring a pool again costs nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from refinegraph.errors import DeadlineExceeded, ModelError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_MAX_ENTRIES = 8192
"""Values kept by default: a choice, far more than the candidates of one run."""


class AsyncCache(Generic[Key, Value]):
    """A bounded cache of computed values that evicts the oldest first and stores no failures."""

    def __init__(self, *, max_entries: int = _MAX_ENTRIES) -> None:
        self.max_entries = max_entries
        self._values: dict[Key, Value] = {}

    async def get_all(
        self, keys: Sequence[Key], compute: Callable[[Key], Awaitable[Value]]
    ) -> list[Value | ModelError | DeadlineExceeded]:
        """Return the value of every key, or the error that prevented it, computing only new ones.

        New keys are computed concurrently, and equal keys once. If all of them fail, the first
        error is raised.
        """

        async def compute_one(batch: Sequence[Key]) -> list[Value]:
            return [await compute(key) for key in batch]

        return await self.get_in_batches(keys, compute_one, size=1)

    async def get_in_batches(
        self,
        keys: Sequence[Key],
        compute: Callable[[Sequence[Key]], Awaitable[Sequence[Value]]],
        *,
        size: int,
    ) -> list[Value | ModelError | DeadlineExceeded]:
        """Do the same as `get_all`, computing up to `size` new keys in one call of `compute`."""
        missing = [key for key in dict.fromkeys(keys) if key not in self._values]
        parts = [missing[start : start + size] for start in range(0, len(missing), size)]
        results = await asyncio.gather(*map(compute, parts), return_exceptions=True)
        failed: dict[Key, ModelError | DeadlineExceeded] = {}
        for part, result in zip(parts, results, strict=True):
            if isinstance(result, (ModelError, DeadlineExceeded)):
                failed |= dict.fromkeys(part, result)
            elif isinstance(result, BaseException):
                raise result
            else:
                self._values |= dict(zip(part, result, strict=True))
        if failed and len(failed) == len(set(keys)):
            raise next(iter(failed.values()))
        values = [failed[key] if key in failed else self._values[key] for key in keys]
        self._evict()
        return values

    async def get(self, key: Key, compute: Callable[[Key], Awaitable[Value]]) -> Value:
        """Return the value of one key; raises any error of `compute`."""
        if key not in self._values:
            self._values[key] = await compute(key)
            self._evict()
        return self._values[key]

    def _evict(self) -> None:
        for key in list(self._values)[: max(0, len(self._values) - self.max_entries)]:
            del self._values[key]
