"""Remember what was asked before, so that scoring a pool again costs nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from refinegraph.errors import DeadlineExceeded, ModelError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_MOST = 8192


class Memory(Generic[Key, Value]):
    """Answers by question, the oldest forgotten first; failures are not remembered."""

    def __init__(self, *, limit: int = _MOST) -> None:
        self.limit = limit
        self._known: dict[Key, Value] = {}

    async def each(
        self, keys: Sequence[Key], ask: Callable[[Key], Awaitable[Value]]
    ) -> list[Value | ModelError | DeadlineExceeded]:
        """Return the value of every key, or why it could not be had, asking only for new ones.

        Equal keys are asked for once, all of them at the same time. Raises the first failure
        where nothing could be had at all.
        """

        async def ask_one(batch: Sequence[Key]) -> list[Value]:
            return [await ask(key) for key in batch]

        return await self.batches(keys, ask_one, size=1)

    async def batches(
        self,
        keys: Sequence[Key],
        ask: Callable[[Sequence[Key]], Awaitable[Sequence[Value]]],
        *,
        size: int,
    ) -> list[Value | ModelError | DeadlineExceeded]:
        """Do as `each` does, asking for up to `size` new keys together."""
        missing = [key for key in dict.fromkeys(keys) if key not in self._known]
        parts = [missing[start : start + size] for start in range(0, len(missing), size)]
        ended = await asyncio.gather(*map(ask, parts), return_exceptions=True)
        failed: dict[Key, ModelError | DeadlineExceeded] = {}
        for part, found in zip(parts, ended, strict=True):
            if isinstance(found, (ModelError, DeadlineExceeded)):
                failed |= dict.fromkeys(part, found)
            elif isinstance(found, BaseException):
                raise found
            else:
                self._known |= dict(zip(part, found, strict=True))
        if failed and len(failed) == len(set(keys)):
            raise next(iter(failed.values()))
        values = [failed[key] if key in failed else self._known[key] for key in keys]
        self._forget()
        return values

    async def one(self, key: Key, ask: Callable[[Key], Awaitable[Value]]) -> Value:
        """Return the value of one key; raises what asking for it raises."""
        if key not in self._known:
            self._known[key] = await ask(key)
            self._forget()
        return self._known[key]

    def _forget(self) -> None:
        for key in list(self._known)[: max(0, len(self._known) - self.limit)]:
            del self._known[key]
