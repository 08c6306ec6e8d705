"""Indexes over the state of a run that grow with it instead of being rebuilt for every decision.

A policy is a function of the state, and an index is only a faster way to read the state. Its
contents follow from the state alone. If the state is not an extension of the previous one, the
index is rebuilt. An index lives as long as the first decision of its run.
"""

import weakref
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Decision

Item = TypeVar("Item")


class Growing(Protocol):
    """An object that can be updated with additions to a state."""

    def grow(self, state: RefinementState) -> bool:
        """Add what is new; return False if the state is not an extension of the previous one."""
        ...


Index = TypeVar("Index", bound=Growing)


class RunIndexes(Generic[Index]):
    """One kind of index for every run of the process."""

    def __init__(self) -> None:
        self._runs: dict[int, dict[Hashable, Index]] = {}

    @contextmanager
    def of(
        self, state: RefinementState, key: Hashable, build: Callable[[], Index]
    ) -> Generator[Index]:
        """Lend the up-to-date index of a run; a concurrent thread builds its own.

        For an unhashable key, the index is built every time.
        """
        if not _is_hashable(key):
            yield _grown(build(), state)
            return
        indexes = self._of_run(state)
        index = indexes.pop(key, None)
        if index is None or not index.grow(state):
            index = _grown(build(), state)
        yield index
        indexes[key] = index

    def _of_run(self, state: RefinementState) -> dict[Hashable, Index]:
        if not state.decisions:
            return {}
        first = state.decisions[0]
        if id(first) not in self._runs:
            self._runs[id(first)] = {}
            weakref.finalize(first, self._runs.pop, id(first), None).atexit = False
        return self._runs[id(first)]


def _grown(index: Index, state: RefinementState) -> Index:
    index.grow(state)
    return index


def _is_hashable(key: object) -> bool:
    try:
        hash(key)
    except TypeError:
        return False
    return True


def added(earlier: tuple[Item, ...], now: tuple[Item, ...]) -> tuple[Item, ...] | None:
    """Return the items added to a tuple, or None if it is not an extension of the earlier one.

    Only compares identities if the items are the same objects, as they are within a run.
    """
    if earlier is now:
        return ()
    return now[len(earlier) :] if now[: len(earlier)] == earlier else None


class AskedCandidates:
    """The number of candidates requested by the moves of a run, and the parents of the moves."""

    def __init__(self) -> None:
        self.count = 0
        self.targets: set[str] = set()
        self._decisions = 0
        self._last: Callable[[], Decision | None] = lambda: None

    def grow(self, state: RefinementState) -> bool:
        """Add the new decisions. Earlier ones are held weakly, so that the run can be freed."""
        seen = self._decisions
        if seen > len(state.decisions) or (seen and state.decisions[seen - 1] is not self._last()):
            return False
        for decision in state.decisions[seen:]:
            self.count += sum(move.count for move in decision.moves)
            self.targets.update(decision.targets)
        if state.decisions:
            self._decisions = len(state.decisions)
            self._last = weakref.ref(state.decisions[-1])
        return True


_ASKED: RunIndexes[AskedCandidates] = RunIndexes()


@contextmanager
def asked_candidates(state: RefinementState) -> Generator[AskedCandidates]:
    """Lend the requests made by the moves of the run so far."""
    with _ASKED.of(state, "asked", AskedCandidates) as asked:
        yield asked
