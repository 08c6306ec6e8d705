"""Shared parts of search policies: representation, limits and access to scores."""

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
"""Decides whether a candidate is finished, so that a search does not expand it."""


def is_complete(candidate: Candidate) -> bool:
    """Return whether a candidate is a whole solution rather than a prefix.

    >>> is_complete(Candidate(id="0.0", text="Step 1:", complete=False))
    False
    """
    return candidate.complete


class SearchPolicy:
    """A policy that is a frozen dataclass, and whose repr is its constructor call."""

    def __repr__(self) -> str:
        """Return the constructor call, without arguments that have their defaults."""
        return call_of(self)


class BoundedPolicy(SearchPolicy):
    """A search that stops when `max_candidates` candidates have been requested.

    Subclasses implement `choose`; the last moves are reduced to respect the limit.
    """

    max_candidates: int

    def __call__(self, state: RefinementState) -> Choice:
        """Return the next moves, or the reason why the search ends."""
        reason = bound_reached(state, self.max_candidates)
        return reason or cut(self.choose(state), self.max_candidates - spent(state))

    def choose(self, state: RefinementState) -> Choice:
        """Return the next moves, ignoring the limit."""
        raise NotImplementedError(f"{type(self).__name__} does not implement choose(state).")


def call_of(policy: object) -> str:
    """Return the constructor call of a frozen dataclass, without default arguments."""
    parts = [
        f"{field.name}={shown(value)}" if field.kw_only else shown(value)
        for field in fields(cast("Any", policy))
        if field.init and not _is_default(field, value := getattr(policy, field.name))
    ]
    return f"{type(policy).__name__}({', '.join(parts)})"


def shown(value: object) -> str:
    """Return the expression for a value; for a function, its name."""
    if inspect.isfunction(value):
        return value.__name__
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return f"{{{', '.join(f'{key!r}: {shown(part)}' for key, part in items)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(shown, cast('list[object]', value)))}]"
    return repr(value)


def check_minimum(minimum: float, **numbers: float | None) -> None:
    """Raise `InputError` if a setting is below its minimum."""
    for name, number in numbers.items():
        if number is not None and number < minimum:
            raise InputError(f"{name} must be at least {minimum}, got {number!r}.")


def check_choice(name: str, value: object, *allowed: str) -> None:
    """Raise `InputError` if a setting is neither one of the allowed words nor a function."""
    if not callable(value) and value not in allowed:
        raise InputError(f"{name} is {value!r}; expected {', '.join(allowed)} or a function.")


def spent(state: RefinementState) -> int:
    """Return the number of candidates that were requested, or that exist if that is more."""
    with asked_candidates(state) as asked:
        return max(asked.count, len(state.candidates))


def bound_reached(state: RefinementState, max_candidates: int) -> StopReason | None:
    """Return the reason to stop if `max_candidates` candidates have been requested."""
    count = spent(state)
    if count < max_candidates:
        return None
    detail = f"{count} of at most {max_candidates} candidates requested"
    return StopReason(rule="candidates", detail=detail, observed=count, limit=max_candidates)


def all_done(candidates: int) -> StopReason:
    """Return the reason to stop if nothing is left to expand."""
    return StopReason(
        rule="complete",
        detail=f"none of the {candidates} candidates can be expanded further",
        observed=candidates,
    )


def cut(choice: Choice, left: int) -> Choice:
    """Reduce the moves of a choice so that they request at most `left` candidates."""
    if isinstance(choice, Move):
        return cut_moves((choice,), left)
    return cut_moves(choice, left) if isinstance(choice, Sequence) else choice


def cut_moves(moves: Sequence[Move], left: int) -> list[Move]:
    """Reduce moves so that they request at most `left` candidates; the last ones are cut first."""
    kept: list[Move] = []
    for move in moves:
        if left <= 0:
            break
        kept.append(move.model_copy(update={"count": min(move.count, left)}))
        left -= move.count
    return kept


def expansions(operator: str, picks: Iterable[str], *, width: int = 1) -> list[Move]:
    """Return one move per picked candidate, with `width` new candidates for each pick."""
    return [
        Move(operator=operator, parents=(id,), count=times * width)
        for id, times in Counter(picks).items()
    ]


def score_of(candidate: Candidate) -> float:
    """Return a candidate's score, or minus infinity if it has none."""
    return float("-inf") if candidate.score is None else candidate.score


def ranked(candidates: Iterable[Candidate], *, limit: int | None = None) -> list[Candidate]:
    """Return candidates sorted by score, best first; ties keep the order of their requests.

    With `limit`, only that many of the best are returned.
    """
    if limit is None:
        return sorted(candidates, key=_rank)
    return heapq.nsmallest(limit, candidates, key=_rank)


def _rank(candidate: Candidate) -> tuple[float, tuple[int, ...]]:
    return -score_of(candidate), candidate.sort_key


def scores_by_id(candidates: Iterable[Candidate]) -> dict[str, float]:
    """Return the scores by id; a missing score counts as the worst, or as 0 if all are missing."""
    scores = {candidate.id: candidate.score for candidate in candidates}
    worst = min((score for score in scores.values() if score is not None), default=0.0)
    return {id: worst if score is None else score for id, score in scores.items()}


def random_for(state: RefinementState, seed: int) -> random.Random:
    """Return the random generator for the next decision, which is the same in every replay."""
    return random.Random(f"{seed}:{len(state.decisions)}")


def _is_default(field: "Field[Any]", value: object) -> bool:
    return field.default is not MISSING and bool(value == field.default)
