"""What the search policies share: their expression, their bound and how they read the scores."""

import heapq
import inspect
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any, cast

from refinegraph.errors import InputError
from refinegraph.graphs.policies.base import Choice
from refinegraph.graphs.policies.run_index import asked_candidates
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Move, StopReason

Done = Callable[[Candidate], bool]
"""Whether a candidate is finished, so that a search does not expand it."""


def is_complete(candidate: Candidate) -> bool:
    """Whether a candidate is a whole solution and not a prefix.

    >>> is_complete(Candidate(id="0.0", text="Step 1:", complete=False))
    False
    """
    return candidate.complete


class SearchPolicy:
    """A policy that is a frozen dataclass, and whose repr is the call that makes it."""

    def __repr__(self) -> str:
        """The call that makes it, without the arguments that have their defaults."""
        return call_of(self)


class BoundedPolicy(SearchPolicy):
    """A search that stops when `max_candidates` candidates were asked for.

    A subclass implements `choose`; the last moves are cut so that the bound holds.
    """

    max_candidates: int

    def __call__(self, state: RefinementState) -> Choice:
        """Return the next moves, or why the search ends."""
        reason = bound_reached(state, self.max_candidates)
        return reason or cut(self.choose(state), self.max_candidates - spent(state))

    def choose(self, state: RefinementState) -> Choice:
        """Return the next moves as if there were no bound."""
        raise NotImplementedError(f"{type(self).__name__} does not implement choose(state).")


def call_of(made: object) -> str:
    """Return the call that makes a frozen dataclass, without the defaults."""
    parts = [
        f"{field.name}={shown(value)}" if field.kw_only else shown(value)
        for field in fields(cast("Any", made))
        if field.init and not _is_default(field, value := getattr(made, field.name))
    ]
    return f"{type(made).__name__}({', '.join(parts)})"


def shown(value: object) -> str:
    """Return the expression for a value; a function's is its name."""
    if inspect.isfunction(value):
        return value.__name__
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return f"{{{', '.join(f'{key!r}: {shown(part)}' for key, part in items)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(shown, cast('list[object]', value)))}]"
    return repr(value)


def check_least(least: float, **numbers: float | None) -> None:
    """Raise `InputError` for a setting that is below the least that makes sense."""
    for name, number in numbers.items():
        if number is not None and number < least:
            raise InputError(f"{name} is {number!r}; expected {least} or more.")


def check_choice(name: str, value: object, *known: str) -> None:
    """Raise `InputError` for a setting that is none of the known words, nor a function."""
    if not callable(value) and value not in known:
        raise InputError(f"{name} is {value!r}; expected {', '.join(known)} or a function.")


def spent(state: RefinementState) -> int:
    """Return how many candidates were asked for, or made where that is more."""
    with asked_candidates(state) as asked:
        return max(asked.count, len(state.candidates))


def bound_reached(state: RefinementState, max_candidates: int) -> StopReason | None:
    """Return the reason to stop where `max_candidates` candidates were asked for."""
    count = spent(state)
    if count < max_candidates:
        return None
    detail = f"{count} of at most {max_candidates} candidates were asked for"
    return StopReason(rule="candidates", detail=detail, observed=count, limit=max_candidates)


def all_done(candidates: int) -> StopReason:
    """Return the reason to stop where nothing is left to expand."""
    return StopReason(
        rule="complete",
        detail=f"none of the {candidates} candidates in question can be expanded further",
        observed=candidates,
    )


def cut(choice: Choice, left: int) -> Choice:
    """Return a choice whose moves ask for at most `left` candidates together."""
    if isinstance(choice, Move):
        return cut_moves((choice,), left)
    return cut_moves(choice, left) if isinstance(choice, Sequence) else choice


def cut_moves(moves: Sequence[Move], left: int) -> list[Move]:
    """Return moves that ask for at most `left` candidates together; the last ones give way."""
    kept: list[Move] = []
    for move in moves:
        if left <= 0:
            break
        kept.append(move.model_copy(update={"count": min(move.count, left)}))
        left -= move.count
    return kept


def expansions(operator: str, picks: Iterable[str], *, width: int = 1) -> list[Move]:
    """Return one move from each candidate that was picked, with `width` candidates a pick."""
    return [
        Move(operator=operator, parents=(id,), count=times * width)
        for id, times in Counter(picks).items()
    ]


def score_of(candidate: Candidate) -> float:
    """Return a candidate's score, less than any other where it has none."""
    return float("-inf") if candidate.score is None else candidate.score


def ranked(candidates: Iterable[Candidate], *, most: int | None = None) -> list[Candidate]:
    """Return candidates with the best score first, and in the order of asking where it is equal.

    With `most`, only that many of the best.
    """
    if most is None:
        return sorted(candidates, key=_rank)
    return heapq.nsmallest(most, candidates, key=_rank)


def _rank(candidate: Candidate) -> tuple[float, tuple[int, ...]]:
    return -score_of(candidate), candidate.order


def scores_by_id(candidates: Iterable[Candidate]) -> dict[str, float]:
    """Return the scores; a candidate without one counts as the worst, or 0 where none has any."""
    known = {candidate.id: candidate.score for candidate in candidates}
    worst = min((score for score in known.values() if score is not None), default=0.0)
    return {id: worst if score is None else score for id, score in known.items()}


def random_for(state: RefinementState, seed: int) -> random.Random:
    """Return the random numbers of the next decision, the same however often it is made."""
    return random.Random(f"{seed}:{len(state.decisions)}")


def _is_default(field: "Field[Any]", value: object) -> bool:
    return field.default is not MISSING and bool(value == field.default)
