"""State channels that validate writes.

LangGraph validates neither what a node returns nor what `update_state` writes. These channels do so
before anything is stored: an invalid write is refused and the thread stays readable.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, Generic, Self, TypeVar, cast

from langgraph.channels.base import BaseChannel
from langgraph.channels.delta import DeltaChannel
from langgraph.channels.ephemeral_value import EphemeralValue
from langgraph.channels.last_value import LastValue
from langgraph.errors import EmptyChannelError
from langgraph.types import Overwrite
from pydantic import TypeAdapter, ValidationError

from refinegraph.errors import StateError

Value = TypeVar("Value")
_MISSING = cast("object", LastValue(int).checkpoint())
"""LangGraph's marker for a value that is missing from a checkpoint."""


SNAPSHOT_FREQUENCY = 200
"""Number of writes after which a growing channel is stored as a whole. Resuming a run merges at
most that many writes, which takes milliseconds; with more frequent snapshots, these would outweigh
the writes."""


def _validated(adapter: TypeAdapter[Any], value: Any, key: str) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in (key, *first["loc"]))
        raise StateError(
            f"a write to `{where}` was refused: {first['msg']}, got {first['input']!r:.200}; "
            "nothing was changed."
        ) from None


class CheckedChannel(BaseChannel[Value, Value, Value], Generic[Value]):
    """Hold one value of a declared type, combining parallel writes with `merge`.

    Without `merge`, two writes in one super-step are an error. A write of another type raises
    `StateError` and leaves the value unchanged.
    """

    def __init__(
        self,
        typ: Any,
        *,
        merge: Callable[[Value, Value], Value] | None = None,
        default: Any = _MISSING,
    ) -> None:
        super().__init__(typ)
        self.merge = merge
        self.default = default
        self.value = default
        self._adapter: TypeAdapter[Any] = TypeAdapter(typ)

    @property
    def ValueType(self) -> Any:
        """The type of the value."""
        return self.typ

    @property
    def UpdateType(self) -> Any:
        """The type of a write."""
        return self.typ

    def __eq__(self, other: object) -> bool:
        """Return whether the other channel has the same type and merge function."""
        return (
            isinstance(other, CheckedChannel)
            and self.typ == other.typ
            and self.merge is other.merge
        )

    __hash__ = None  # type: ignore[assignment]

    def copy(self) -> Self:
        """Return an equal channel that shares the (immutable) value."""
        return self._with(self.value)

    def from_checkpoint(self, checkpoint: Any) -> Self:
        """Restore the channel from a checkpoint; raise `StateError` for invalid contents."""
        if checkpoint is _MISSING:
            return self._with(self.default)
        return self._with(self._checked(checkpoint))

    def checkpoint(self) -> Any:
        """Return the value to store in a checkpoint."""
        return self.value

    def update(self, values: Sequence[Any]) -> bool:
        """Apply the writes of one super-step, either all of them or none."""
        if not values:
            return False
        if isinstance(values[0], Overwrite):
            self.value = self._checked(values[0].value)
            return True
        checked = [self._checked(value) for value in values]
        if self.merge is None:
            if len(checked) > 1:
                raise StateError(
                    f"`{self.key}` was written {len(checked)} times in one super-step, "
                    "expected one write; give parallel branches keys that merge."
                )
            self.value = checked[0]
            return True
        merged = self.value
        for value in checked:
            merged = value if merged is _MISSING else self.merge(merged, value)
        self.value = merged
        return True

    def get(self) -> Any:
        """Return the value; raise `EmptyChannelError` before the first write."""
        if self.value is _MISSING:
            raise EmptyChannelError()
        return self.value

    def is_available(self) -> bool:
        """Return whether there is a value."""
        return self.value is not _MISSING

    def _with(self, value: Any) -> Self:
        copy = self.__class__.__new__(self.__class__)
        copy.key, copy.typ = self.key, self.typ
        copy.merge, copy.default, copy.value = self.merge, self.default, value
        copy._adapter = self._adapter
        return copy

    def _checked(self, value: Any) -> Any:
        return _validated(self._adapter, value, self.key)


class CheckedFold(Generic[Value]):
    """Validate writes against a type and merge them into the value one after another."""

    def __init__(self, typ: Any, merge: Callable[[Value, Value], Value]) -> None:
        self.typ = typ
        self.merge = merge
        self.key = ""
        """The name of the channel, for error messages."""
        self._adapter: TypeAdapter[Any] = TypeAdapter(typ)

    def __call__(self, value: Value, writes: Sequence[Any]) -> Value:
        """Return the value after all writes; raise `StateError` if any of them is invalid."""
        return reduce(self.merge, [self.checked(write) for write in writes], value)

    def checked(self, write: Any) -> Any:
        """Return a write converted to the declared type, or raise `StateError`."""
        return _validated(self._adapter, write, self.key)

    def __eq__(self, other: object) -> bool:
        """Return whether the other fold has the same type and merge function."""
        return (
            isinstance(other, CheckedFold) and self.typ == other.typ and self.merge is other.merge
        )

    __hash__ = None  # type: ignore[assignment]


class GrowingChannel(DeltaChannel[tuple[Any, ...]]):
    """Hold a tuple that grows during the run, storing only the additions of each super-step.

    Otherwise, the checkpoints of a long run would contain all earlier items again at every
    super-step. LangGraph rebuilds the value by merging the stored writes, so a `CheckedFold` must
    give the same value regardless of how the writes are grouped.
    """

    def __init__(
        self,
        reducer: CheckedFold[Any],
        typ: Any = None,
        *,
        snapshot_frequency: int = SNAPSHOT_FREQUENCY,
    ) -> None:
        super().__init__(reducer, tuple, snapshot_frequency=snapshot_frequency)
        self.fold = reducer
        self.value = ()

    @property
    def ValueType(self) -> Any:
        """The type of the value."""
        return self.fold.typ

    @property
    def UpdateType(self) -> Any:
        """The type of a write."""
        return self.fold.typ

    def update(self, values: Sequence[Any]) -> bool:
        """Apply the writes of one super-step, either all of them or none."""
        if not values:  # LangGraph calls this for every channel after every super-step
            return False
        self.fold.key = self.key
        for value in values:
            if isinstance(value, Overwrite):
                self.fold.checked(value.value)
        return super().update(values)

    def __eq__(self, other: object) -> bool:
        """Return whether the other channel has the same type and merge function."""
        return isinstance(other, GrowingChannel) and self.fold == other.fold

    __hash__ = None  # type: ignore[assignment]


def growing(typ: Any, merge: Callable[[Any, Any], Any]) -> GrowingChannel:
    """Return a channel for a tuple that is combined by `merge`."""
    return GrowingChannel(CheckedFold(typ, merge))


class InputChannel(EphemeralValue[Any]):
    """Validate a graph's input before LangGraph stores it.

    LangGraph would store invalid input first and refuse it later, which leaves an unreadable
    thread.
    """

    def __init__(self, check: Callable[[Any], object]) -> None:
        super().__init__(dict[str, Any])
        self.check = check

    def copy(self) -> Self:
        """Return an equal channel."""
        return self.from_checkpoint(self.checkpoint())

    def from_checkpoint(self, checkpoint: Any) -> Self:
        """Restore the channel from a checkpoint."""
        copy = self.__class__(self.check)
        copy.key = self.key
        if checkpoint is not _MISSING:
            copy.value = checkpoint
        return copy

    def update(self, values: Sequence[Any]) -> bool:
        """Store the input, or raise the error of `check`; empty input is used to draw graphs."""
        for value in values:
            if value:
                self.check(value)
        return super().update(values)
