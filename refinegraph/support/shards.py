"""Divide many problems into shards, so that several processes or machines can share the work."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from refinegraph.errors import InputError

_FORM = re.compile(r"\s*(\d+)\s*/\s*(\d+)\s*")


@dataclass(frozen=True)
class Shard:
    """Every `count`-th problem, starting with problem `number`.

    Neighbouring problems go to different shards, so a dataset sorted by difficulty is split evenly.

    >>> shard = Shard.read("3/16")
    >>> shard, [position for position in range(40) if shard.holds(position)]
    (Shard(number=3, count=16), [2, 18, 34])
    """

    number: int = 1
    """Counted from 1."""
    count: int = 1

    @classmethod
    def read(cls, text: str) -> "Shard":
        """Parse a text such as `3/16`; raises `InputError` if it does not name a shard."""
        match = _FORM.fullmatch(text)
        if not match:
            raise InputError(f"{text!r} is not a shard; expected NUMBER/COUNT, such as 3/16.")
        shard = cls(int(match[1]), int(match[2]))
        if not 1 <= shard.number <= shard.count:
            raise InputError(
                f"there is no shard {text!r}: shards are numbered from 1; expected 1/{match[2]} to "
                f"{match[2]}/{match[2]}."
                if shard.count
                else f"there is no shard {text!r}: the count must be at least 1."
            )
        return shard

    def holds(self, position: int) -> bool:
        """Return whether the problem at a position, counted from 0, belongs to this shard."""
        return position % self.count == self.number - 1

    def share_of(self, total: int) -> int:
        """Return how many of `total` problems belong to this shard."""
        return len(range(self.number - 1, total, self.count))

    def __str__(self) -> str:
        """Return the shard as text, such as `3/16`; empty if there is only one."""
        return f"{self.number}/{self.count}" if self.count > 1 else ""


WHOLE = Shard()
"""All problems."""


def check_shards(shards: Sequence[tuple[str, Shard]], *, partial: bool) -> None:
    """Raise `InputError` unless the results are all shards of one division, once each.

    `shards` pairs the name of every result with its shard. With `partial`, shards may be missing.

    >>> check_shards([("a", Shard(1, 2))], partial=False)
    Traceback (most recent call last):
    ...
    refinegraph.errors.InputError: of 2 shards, 2/2 is missing; pass its results as well, or merge \
the others with --partial.
    """
    owners: dict[Shard, str] = {}
    for name, shard in shards:
        if shard in owners:
            part = f"the same shard {shard}" if str(shard) else "the same problems"
            raise InputError(
                f"{owners[shard]!r} and {name!r} contain {part}; pass every shard once."
            )
        owners[shard] = name
    counts = sorted({shard.count for shard in owners})
    if len(counts) > 1:
        raise InputError(
            f"shards of {counts[0]} and of {counts[-1]} do not belong together; pass the results "
            "of one division."
        )
    missing = [
        f"{number}/{count}"
        for count in counts
        for number in range(1, count + 1)
        if Shard(number, count) not in owners
    ]
    if missing and not partial:
        are, its = ("is", "its") if len(missing) == 1 else ("are", "their")
        raise InputError(
            f"of {counts[0]} shards, {', '.join(missing)} {are} missing; pass {its} results as "
            "well, or merge the others with --partial."
        )


class ShardedSettings(Protocol):
    """The recorded settings of a run over one shard."""

    @property
    def shard(self) -> str:
        """The shard as text; empty for all problems."""
        ...

    def difference(self, now: Self) -> str | None:
        """Describe the first setting that differs from `now`; return None if all are equal."""
        ...

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some values replaced."""
        ...


Settings = TypeVar("Settings", bound=ShardedSettings)


def merged_settings(parts: Sequence[tuple[str, Settings]], *, noun: str, partial: bool) -> Settings:
    """Combine the settings of several shards, which `parts` pairs with their names.

    Raises `InputError` if the parts are not shards of the same `noun`, or if a shard is missing
    and `partial` is false.
    """
    first = parts[0][1].model_copy(update={"shard": ""})
    for name, settings in parts[1:]:
        if difference := settings.model_copy(update={"shard": ""}).difference(first):
            raise InputError(
                f"{name!r} and {parts[0][0]!r} do not belong to one {noun}: the first was begun "
                f"{difference}."
            )
    shards = [
        (name, Shard.read(settings.shard) if settings.shard else WHOLE) for name, settings in parts
    ]
    check_shards(shards, partial=partial)
    return first
