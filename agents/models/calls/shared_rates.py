"""A rate that all processes of a machine keep together."""

from typing import Protocol

from refinegraph.support.awaiting import MaybeAwaitable, settle

_LEASES = 1_000
"""A lease is the thousandth part of a minute's amount: at full speed some seventeen leases a second
for all processes together, and what they hold at the same time is below one in a hundred."""
_STALE = 1.0
"""Seconds after which the rest of a lease lapses. Used later, it would add to what others were
granted in that minute."""


class BucketStore(Protocol):
    """Keeps the contents of buckets for several processes."""

    def take(
        self, bucket: str, amount: float, *, most: float, a_second: float
    ) -> MaybeAwaitable[float]:
        """Take from a bucket that fills up; return the seconds to wait before it may be used."""
        ...

    def put_back(self, bucket: str, amount: float) -> None:
        """Give back what was taken too much; below zero, take what was too little."""
        ...


class SharedBucket:
    """A `TokenBucket` whose contents are in a store: so much a minute for all processes together.

    Each takes leases of a thousandth of a minute's amount, so that most requests cost no
    transaction.
    """

    def __init__(self, store: BucketStore, name: str, per_minute: float) -> None:
        self._store = store
        self._name = name
        self._lease = per_minute / _LEASES
        self._most = max(1.0, per_minute / 10)
        self._a_second = max(per_minute - self._most, per_minute / 10) / 60
        self._left = 0.0
        self._usable_at = 0.0
        self._taken_at = 0.0

    async def delay(self, amount: float, *, now: float) -> float:
        """Take an amount and return the seconds to wait before it may be used."""
        if now - max(self._taken_at, self._usable_at) > _STALE:
            self._left = 0.0
        if self._left < amount:
            lease = max(amount - self._left, self._lease)
            wait = await settle(
                self._store.take(self._name, lease, most=self._most, a_second=self._a_second)
            )
            self._left += lease
            self._taken_at, self._usable_at = now, now + wait
        self._left -= amount
        return max(0.0, self._usable_at - now)

    def correct(self, amount: float) -> None:
        """Give back what was taken too much; below zero, take what was too little."""
        self._store.put_back(self._name, amount)
