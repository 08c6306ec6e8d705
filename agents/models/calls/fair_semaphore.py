"""Places that go round fairly between those who wait for them."""

import asyncio
from collections import OrderedDict, deque

from refinegraph.errors import InputError


class FairSemaphore:
    """A limit of places in one event loop, which may change while places are taken.

    Who waits is served run by run, each run's waiting calls in their order: a run that asks for
    much does not keep the others waiting.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.taken = 0
        self._waiting: OrderedDict[int, deque[asyncio.Future[None]]] = OrderedDict()

    async def take(self, run: int) -> None:
        """Wait for a place."""
        if self._has_room and not self._waiting:
            self.taken += 1
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(run, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.give_back()
            raise

    def give_back(self) -> None:
        """Let the next one have the place."""
        self.taken -= 1
        self.wake()

    def wake(self) -> None:
        """Hand out what places there are."""
        while self._has_room and (place := self._next()):
            self.taken += 1
            place.set_result(None)

    @property
    def _has_room(self) -> bool:
        return self.taken < max(1, int(self.limit))

    def _next(self) -> asyncio.Future[None] | None:
        while self._waiting:
            run, places = self._waiting.popitem(last=False)
            while places and places[0].done():
                places.popleft()
            if not places:
                continue
            place = places.popleft()
            if places:
                self._waiting[run] = places
            return place
        return None


class TokenBucket:
    """So much a minute at most, in any minute: a tenth may come at once, the rest in its time.

    >>> flow = TokenBucket(600, now=0.0)
    >>> flow.delay(60, now=0.0), round(flow.delay(9, now=0.0), 3)
    (0.0, 1.0)
    """

    def __init__(self, per_minute: float, *, now: float) -> None:
        if per_minute <= 0:
            raise InputError(
                f"a limit of {per_minute!r} a minute makes no sense; expected above 0."
            )
        self._most = max(1.0, per_minute / 10)
        self._a_second = max(per_minute - self._most, per_minute / 10) / 60
        self._level, self._at = self._most, now

    def delay(self, amount: float, *, now: float) -> float:
        """Take an amount and return the seconds to wait before it may be used."""
        self._level = min(self._most, self._level + (now - self._at) * self._a_second) - amount
        self._at = now
        return max(0.0, -self._level / self._a_second)

    def correct(self, amount: float) -> None:
        """Give back what was taken too much; below zero, take what was too little."""
        self._level += amount
