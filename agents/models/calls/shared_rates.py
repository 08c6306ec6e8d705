"""A rate limit shared by all processes of a machine."""

from typing import Protocol

from refinegraph.agents.models.calls.fair_semaphore import Pace
from refinegraph.support.awaiting import MaybeAwaitable, settle

_LEASES = 1_000
"""Leases per minute at the full rate: about seventeen transactions a second for all processes
together, while unused leases hold less than one percent of the rate."""
_STALE = 1.0
"""Seconds after which the rest of a lease expires. If it were used later, it would add to what
others were granted in that minute."""


class BucketStore(Protocol):
    """Stores the levels of token buckets for several processes."""

    def take(
        self, bucket: str, amount: float, *, capacity: float, per_second: float
    ) -> MaybeAwaitable[float]:
        """Take an amount from a bucket; return the seconds to wait before it may be used."""
        ...

    def put_back(self, bucket: str, amount: float) -> None:
        """Return an excess amount to a bucket; take more if the amount is negative."""
        ...


class SharedBucket:
    """A `TokenBucket` whose level is in a store, so that all processes share one rate.

    Each process takes leases of a thousandth of the amount per minute, so that most requests need
    no transaction.
    """

    def __init__(self, store: BucketStore, name: str, per_minute: float) -> None:
        self._store = store
        self._name = name
        self._lease = per_minute / _LEASES
        self._capacity, self._per_second = Pace.of(per_minute)
        self._remaining = 0.0
        self._usable_at = 0.0
        self._taken_at = 0.0

    async def delay(self, amount: float, *, now: float) -> float:
        """Take an amount; return the seconds to wait before it may be used."""
        if now - max(self._taken_at, self._usable_at) > _STALE:
            self._remaining = 0.0
        if self._remaining < amount:
            lease = max(amount - self._remaining, self._lease)
            wait = await settle(
                self._store.take(
                    self._name, lease, capacity=self._capacity, per_second=self._per_second
                )
            )
            self._remaining += lease
            self._taken_at, self._usable_at = now, now + wait
        self._remaining -= amount
        return max(0.0, self._usable_at - now)

    def correct(self, amount: float) -> None:
        """Return an excess amount to the bucket; take more if the amount is negative."""
        self._store.put_back(self._name, amount)
