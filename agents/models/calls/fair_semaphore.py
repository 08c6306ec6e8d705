"""A fair semaphore and a token bucket for rate limits."""

import asyncio
from collections import OrderedDict, deque
from typing import NamedTuple

from refinegraph.errors import InputError


class FairSemaphore:
    """A semaphore for one event loop whose limit may change while it is held.

    Waiting calls are served round-robin by run, and in order within a run, so that a run with many
    calls does not delay the others.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.taken = 0
        self._waiting: OrderedDict[int, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, run: int) -> None:
        """Wait for a slot."""
        if self._has_room and not self._waiting:
            self.taken += 1
            return
        slot = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(run, deque()).append(slot)
        try:
            await slot
        except asyncio.CancelledError:
            if slot.done() and not slot.cancelled():
                self.give_back()
            raise

    def give_back(self) -> None:
        """Release a slot to the next waiting call."""
        self.taken -= 1
        self.wake()

    def wake(self) -> None:
        """Hand out the free slots."""
        while self._has_room and (slot := self._next()):
            self.taken += 1
            slot.set_result(None)

    @property
    def _has_room(self) -> bool:
        return self.taken < max(1, int(self.limit))

    def _next(self) -> asyncio.Future[None] | None:
        while self._waiting:
            run, slots = self._waiting.popitem(last=False)
            while slots and slots[0].done():
                slots.popleft()
            if not slots:
                continue
            slot = slots.popleft()
            if slots:
                self._waiting[run] = slots
            return slot
        return None


_BURST = 0.01
"""Share of a minute's units that may flow at once. In no minute may more flow than the limit, so
what a burst takes is missing from the steady rate: with a larger share, long runs would use less of
the limit."""


class Pace(NamedTuple):
    """How a limit per minute is kept to."""

    capacity: float
    """Units that may flow at once."""
    per_second: float

    @classmethod
    def of(cls, per_minute: float) -> "Pace":
        """Return the pace that admits `per_minute` units in any minute."""
        capacity = max(1.0, _BURST * per_minute)
        return cls(capacity, max(per_minute - capacity, per_minute / 10) / 60)


class TokenBucket:
    """Token bucket that admits `per_minute` units in any minute, one percent of them in a burst.

    >>> bucket = TokenBucket(600, now=0.0)
    >>> bucket.delay(6, now=0.0), round(bucket.delay(9.9, now=0.0), 3)
    (0.0, 1.0)
    """

    def __init__(self, per_minute: float, *, now: float) -> None:
        if per_minute <= 0:
            raise InputError(f"a rate limit must be above 0 per minute, got {per_minute!r}.")
        self._capacity, self._per_second = Pace.of(per_minute)
        self._level, self._updated = self._capacity, now

    def delay(self, amount: float, *, now: float) -> float:
        """Take an amount; return the seconds to wait before it may be used."""
        self._level = (
            min(self._capacity, self._level + (now - self._updated) * self._per_second) - amount
        )
        self._updated = now
        return max(0.0, -self._level / self._per_second)

    def correct(self, amount: float) -> None:
        """Return an excess amount to the bucket; take more if the amount is negative."""
        self._level += amount
