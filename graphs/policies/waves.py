"""Fixed sequences of moves: `schedule`, and functions that produce its waves."""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import cast

from refinegraph.errors import InputError
from refinegraph.graphs.policies.base import Choice, approved_ids, as_decision
from refinegraph.graphs.policies.searching import SearchPolicy, ranked, shown
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Decision, Feature, Move, StopReason
from refinegraph.support.awaiting import MaybeAwaitable, settle
from refinegraph.support.signatures import check_part

Wave = Move | Sequence[Move] | Callable[[RefinementState], MaybeAwaitable[Choice]]
"""Moves made at once: a single move, several, or a function of the state that returns them."""


def move(
    operator: str,
    *parents: Candidate | str,
    count: int = 1,
    instruction: str = "",
    keep: int | None = None,
) -> Move:
    """Return a move from candidates or their ids.

    >>> move("merge", "0.0", "0.1").parents
    ('0.0', '0.1')
    """
    ids = tuple(parent if isinstance(parent, str) else parent.id for parent in parents)
    return Move(operator=operator, parents=ids, count=count, instruction=instruction, keep=keep)


def last_wave(state: RefinementState) -> tuple[Candidate, ...]:
    """Return the candidates of the last decision that produced any.

    For an operator with several stages, only the candidates of the last stage are included.
    """
    latest = max((candidate.turn for candidate in state.candidates), default=0)
    wave = [candidate for candidate in state.candidates if candidate.turn == latest]
    inner = {parent for candidate in wave for parent in candidate.parents}
    return tuple(candidate for candidate in wave if candidate.id not in inner)


@dataclass(frozen=True, repr=False)
class _FromLastWave(SearchPolicy):
    """Base class of waves that start from the last wave or its `best` candidates."""

    operator: str
    _: KW_ONLY
    best: int | None = None
    count: int = 1
    instruction: str = ""

    def __call__(self, state: RefinementState) -> Choice:
        """Return the moves, or none if there is no candidate."""
        wave = self._wave(state)
        parents = wave if self.best is None else ranked(wave)[: self.best]
        return [self._move(group) for group in self._groups(parents)]

    def _wave(self, state: RefinementState) -> Sequence[Candidate]:
        return last_wave(state)

    def _groups(self, parents: Sequence[Candidate]) -> list[Sequence[Candidate]]:
        raise NotImplementedError

    def _move(self, parents: Sequence[Candidate]) -> Move:
        return move(self.operator, *parents, count=self.count, instruction=self.instruction)


@dataclass(frozen=True, repr=False)
class from_each(_FromLastWave):
    """One move from each candidate of the last wave, or from its `best` candidates.

    Candidates that their reviews approve and no test refutes are excluded.
    """

    def _wave(self, state: RefinementState) -> list[Candidate]:
        approved = approved_ids(state)
        return [candidate for candidate in last_wave(state) if candidate.id not in approved]

    def _groups(self, parents: Sequence[Candidate]) -> list[Sequence[Candidate]]:
        return [(parent,) for parent in parents]


@dataclass(frozen=True, repr=False)
class from_unfinished(_FromLastWave):
    """One move from each incomplete candidate of the last wave.

    Repeated, it completes partial solutions or episodes. Waves without moves are skipped, so
    `schedule(move("act"), *[from_unfinished("act")] * 9)` takes at most ten steps.
    """

    def _wave(self, state: RefinementState) -> list[Candidate]:
        return [candidate for candidate in last_wave(state) if not candidate.complete]

    def _groups(self, parents: Sequence[Candidate]) -> list[Sequence[Candidate]]:
        return [(parent,) for parent in parents]


@dataclass(frozen=True, repr=False)
class from_all(_FromLastWave):
    """One move from all candidates of the last wave together, or from its `best` candidates."""

    def _groups(self, parents: Sequence[Candidate]) -> list[Sequence[Candidate]]:
        return [parents] if parents else []


@dataclass(frozen=True, repr=False)
class each_with_others(_FromLastWave):
    """One move for each candidate of the last wave, with all others as additional parents.

    This is a round of multi-agent debate (arXiv 2305.14325): the first parent of each move is the
    author's own answer, the others are the answers that the author reads.
    """

    def _groups(self, parents: Sequence[Candidate]) -> list[Sequence[Candidate]]:
        return [(own, *(other for other in parents if other is not own)) for own in parents]


class schedule:
    """Make the moves of several waves in sequence, then stop.

    A wave is a move, a list of moves, or a function of the state, such as
    `each_with_others("revise")` or another policy, which is asked once. A wave without moves is
    skipped. Costs what the moves request. A decision records the number of its wave.

    >>> debate = schedule(move("solve", count=3), each_with_others("revise"))
    >>> debate.waves[1]
    each_with_others('revise')
    """

    def __init__(self, *waves: Wave) -> None:
        for wave in waves:
            check_wave(wave, "a wave of a schedule")
        if not waves:
            raise InputError("a schedule needs at least one wave, such as move('solve').")
        self.waves = waves

    async def __call__(self, state: RefinementState) -> Choice:
        """Return the moves of the next wave, or a reason to stop after the last one."""
        for number in range(_next_wave(state), len(self.waves)):
            decision = await moves_of(self.waves[number], state)
            if decision:
                features = (Feature(name=_WAVE, value=number), *decision.features)
                return decision.model_copy(update={"features": features})
        detail = f"all {len(self.waves)} waves are done"
        return StopReason(rule="schedule", detail=detail, limit=len(self.waves))

    def __eq__(self, other: object) -> bool:
        """Return whether the other schedule has the same waves."""
        return isinstance(other, schedule) and self.waves == other.waves

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"schedule({', '.join(map(shown, self.waves))})"


def check_wave(wave: object, role: str) -> None:
    """Raise `InputError` unless the value is a move, a list of moves or a function."""
    parts = cast("Sequence[object]", wave) if isinstance(wave, list | tuple) else (wave,)
    if not all(isinstance(part, Move) for part in parts):
        check_part(cast("Callable[..., object]", wave), role, "state")


async def moves_of(wave: Wave, state: RefinementState) -> Decision | None:
    """Return a wave as a decision, or None if it has no moves."""
    choice = await settle(wave(state)) if callable(wave) else wave
    return as_decision(choice, state) if choice else None


_WAVE = "wave"


def _next_wave(state: RefinementState) -> int:
    """Return the index of the next wave, ignoring decisions of other policies."""
    numbers = (
        int(feature.value)
        for decision in reversed(state.decisions)
        for feature in decision.features[:1]
        if feature.name == _WAVE
    )
    return next(numbers, -1) + 1
