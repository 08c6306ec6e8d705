"""Indexes over the state of a run that grow with it instead of being built for every decision.

A policy is a function of the state. An index is only a faster way to read the state: what it holds
follows from the state alone, and where the state is not a longer version of the one before, it is
built anew. It lives as long as the first decision of its run.
"""

import weakref
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Decision

Item = TypeVar("Item")


class Growing(Protocol):
    """Something that can take in what was added to a state."""

    def grow(self, state: RefinementState) -> bool:
        """Take in what is new; return False where the state is not a longer version."""
        ...


Index = TypeVar("Index", bound=Growing)


class RunIndexes(Generic[Index]):
    """One kind of index, for every run of the process."""

    def __init__(self) -> None:
        self._runs: dict[int, dict[Hashable, Index]] = {}

    @contextmanager
    def of(
        self, state: RefinementState, key: Hashable, build: Callable[[], Index]
    ) -> Generator[Index]:
        """Lend the index of a run, brought up to date. Another thread meanwhile builds its own.

        The index of a key that cannot be hashed is built every time.
        """
        if not _is_hashable(key):
            yield _grown(build(), state)
            return
        known = self._of_run(state)
        index = known.pop(key, None)
        if index is None or not index.grow(state):
            index = _grown(build(), state)
        yield index
        known[key] = index

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


def added(known: tuple[Item, ...], now: tuple[Item, ...]) -> tuple[Item, ...] | None:
    """Return what was added to a tuple; None where it is not a longer version of the known one.

    Costs a comparison of identities where the items are the same objects, as they are in a run.
    """
    if known is now:
        return ()
    return now[len(known) :] if now[: len(known)] == known else None


class AskedCandidates:
    """How many candidates the moves of a run have asked for, and from which ones."""

    def __init__(self) -> None:
        self.count = 0
        self.targets: set[str] = set()
        self._decisions = 0
        self._last: Callable[[], Decision | None] = lambda: None

    def grow(self, state: RefinementState) -> bool:
        """Take in the new decisions. Those before are held weakly, so that the run can end."""
        known = self._decisions
        if known > len(state.decisions) or (
            known and state.decisions[known - 1] is not self._last()
        ):
            return False
        for decision in state.decisions[known:]:
            self.count += sum(move.count for move in decision.moves)
            self.targets.update(decision.targets)
        if state.decisions:
            self._decisions = len(state.decisions)
            self._last = weakref.ref(state.decisions[-1])
        return True


_ASKED: RunIndexes[AskedCandidates] = RunIndexes()


@contextmanager
def asked_candidates(state: RefinementState) -> Generator[AskedCandidates]:
    """Lend what the moves of the run have asked for so far."""
    with _ASKED.of(state, "asked", AskedCandidates) as asked:
        yield asked
