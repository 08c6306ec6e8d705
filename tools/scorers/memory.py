"""Remember what was asked before, so that scoring a pool again costs nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_MOST = 8192


class Memory(Generic[Key, Value]):
    """Answers by question, the oldest forgotten first; errors are not remembered."""

    def __init__(self, *, limit: int = _MOST) -> None:
        self.limit = limit
        self._known: dict[Key, Value] = {}

    async def each(
        self, keys: Sequence[Key], ask: Callable[[Key], Awaitable[Value]]
    ) -> list[Value]:
        """Return the value of every key, asking at once for those that are not known.

        Equal keys are asked for once. Where some fail the others are remembered before the first
        error is raised, so that asking again costs only what is missing.
        """
        missing = [key for key in dict.fromkeys(keys) if key not in self._known]
        ended = await asyncio.gather(*map(ask, missing), return_exceptions=True)
        for key, found in zip(missing, ended, strict=True):
            if not isinstance(found, BaseException):
                self._known[key] = found
        for found in ended:
            if isinstance(found, BaseException):
                raise found
        values = [self._known[key] for key in keys]
        self._forget()
        return values

    def _forget(self) -> None:
        for key in list(self._known)[: max(0, len(self._known) - self.limit)]:
            del self._known[key]
