"""A part of many problems, so that several processes or machines can share the work."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from refinegraph.errors import InputError

_FORM = re.compile(r"\s*(\d+)\s*/\s*(\d+)\s*")


@dataclass(frozen=True)
class Shard:
    """Every problem whose position leaves the same remainder: shard 3 of 16 begins with the third.

    Neighbours go to different shards, so a data set that is sorted by difficulty splits evenly.

    >>> shard = Shard.read("3/16")
    >>> shard, [position for position in range(40) if shard.holds(position)]
    (Shard(number=3, count=16), [2, 18, 34])
    """

    number: int = 1
    """From 1."""
    count: int = 1

    @classmethod
    def read(cls, text: str) -> "Shard":
        """Return the shard that a text such as `3/16` names; raises `InputError` for another."""
        found = _FORM.fullmatch(text)
        if not found:
            raise InputError(f"{text!r} is no shard; expected NUMBER/COUNT, such as 3/16.")
        shard = cls(int(found[1]), int(found[2]))
        if not 1 <= shard.number <= shard.count:
            raise InputError(
                f"there is no shard {text!r}: shards are numbered from 1; expected 1/{found[2]} to "
                f"{found[2]}/{found[2]}."
                if shard.count
                else f"there is no shard {text!r}: the count has to be 1 or more."
            )
        return shard

    def holds(self, position: int) -> bool:
        """Return whether the problem at a position, counted from 0, belongs to this shard."""
        return position % self.count == self.number - 1

    def share_of(self, total: int) -> int:
        """Return how many of so many problems belong to this shard."""
        return len(range(self.number - 1, total, self.count))

    def __str__(self) -> str:
        """Return the text that names it; empty for the whole."""
        return f"{self.number}/{self.count}" if self.count > 1 else ""


WHOLE = Shard()
"""All problems."""


def check_shards(shards: Sequence[tuple[str, Shard]], *, partial: bool) -> None:
    """Refuse results that are not all shards of one whole, each of them once.

    `shards` are those of the results, with their names; with `partial`, some may be missing.

    >>> check_shards([("a", Shard(1, 2))], partial=False)
    Traceback (most recent call last):
    ...
    refinegraph.errors.InputError: of 2 shards, 2/2 is missing; name its results as well, or merge \
what there is with --partial.
    """
    owners: dict[Shard, str] = {}
    for name, shard in shards:
        if shard in owners:
            part = f"the same shard {shard}" if str(shard) else "the same problems"
            raise InputError(f"{owners[shard]!r} and {name!r} hold {part}; name each part once.")
        owners[shard] = name
    counts = sorted({shard.count for shard in owners})
    if len(counts) > 1:
        raise InputError(
            f"shards of {counts[0]} and of {counts[-1]} do not belong together; name the results "
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
            f"of {counts[0]} shards, {', '.join(missing)} {are} missing; name {its} results as "
            "well, or merge what there is with --partial."
        )


class ShardedSettings(Protocol):
    """What is kept of how a part of many problems was begun."""

    @property
    def shard(self) -> str:
        """The shard as text; empty for the whole."""
        ...

    def difference(self, now: Self) -> str | None:
        """Return the first setting in which these settings differ from others, if any."""
        ...

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values."""
        ...


Settings = TypeVar("Settings", bound=ShardedSettings)


def merged_settings(parts: Sequence[tuple[str, Settings]], *, noun: str, partial: bool) -> Settings:
    """Return the settings of the whole, from those of its parts, each with the name of its place.

    Raises `InputError` where the parts are not shards of one `noun`, or where a shard is missing
    and `partial` does not allow for that.
    """
    first = parts[0][1].model_copy(update={"shard": ""})
    for place, settings in parts[1:]:
        if difference := settings.model_copy(update={"shard": ""}).difference(first):
            raise InputError(
                f"{place!r} and {parts[0][0]!r} are not of one {noun}: the first was begun "
                f"{difference}."
            )
    shards = [
        (place, Shard.read(settings.shard) if settings.shard else WHOLE)
        for place, settings in parts
    ]
    check_shards(shards, partial=partial)
    return first
