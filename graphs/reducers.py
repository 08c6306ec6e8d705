"""Merge what parallel branches write, whatever order they finish in.

Items merge by their key. Of two items with one key the higher revision wins, and of equal
revisions the later write: LangGraph applies the writes of parallel moves in the order of the moves,
whatever order they finish in, so the state is always the same. Every merge is associative and
idempotent, but for `add_usage` and `add_asked`: what a move spent and asked for is written once.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, get_args

from refinegraph.schema import (
    Candidate,
    Decision,
    Failure,
    Frozen,
    Isolation,
    Note,
    RejectedRefinement,
    Review,
    SamplesAsked,
    Tier,
    Usage,
)
from refinegraph.schema import VisibleTest as Test

Item = TypeVar("Item", bound=Frozen)


def merge_candidates(
    left: tuple[Candidate, ...], right: tuple[Candidate, ...]
) -> tuple[Candidate, ...]:
    """Pool candidates by id, keeping the highest revision, in the order they were asked for."""
    return _merge(left, right, key=_candidate_key, rank=_candidate_revision)


def find_candidate(candidates: Sequence[Candidate], id: str) -> Candidate | None:
    """Return the candidate of an id from a merged pool; None where there is none.

    >>> find_candidate([Candidate(id="0.0", text="a"), Candidate(id="0.1", text="b")], "0.1").text
    'b'
    """
    if not re.fullmatch(r"\d+(\.\d+)*", id):
        return None
    wanted = tuple(map(int, id.split(".")))
    place = bisect_left(candidates, wanted, key=_candidate_key)
    found = candidates[place] if place < len(candidates) else None
    return found if found and found.id == id else None


def merge_reviews(left: tuple[Review, ...], right: tuple[Review, ...]) -> tuple[Review, ...]:
    """Pool reviews by round, candidate and number, keeping the highest revision."""
    return _merge(left, right, key=_review_key, rank=lambda review: review.revision)


def merge_notes(left: tuple[Note, ...], right: tuple[Note, ...]) -> tuple[Note, ...]:
    """Add notes in the order in which they were written, without repetitions."""
    texts = [note.text for note in left]  # comparing texts first is cheaper than hashing notes
    return (
        *left,
        *(note for note in dict.fromkeys(right) if note.text not in texts or note not in left),
    )


def merge_rejected(
    left: tuple[RejectedRefinement, ...], right: tuple[RejectedRefinement, ...]
) -> tuple[RejectedRefinement, ...]:
    """Pool rejections by candidate."""
    return _merge(left, right, key=lambda rejection: rejection.candidate_id)


def merge_decisions(
    left: tuple[Decision, ...], right: tuple[Decision, ...]
) -> tuple[Decision, ...]:
    """Pool decisions by number."""
    return _merge(left, right, key=lambda decision: decision.number)


def merge_failures(left: tuple[Failure, ...], right: tuple[Failure, ...]) -> tuple[Failure, ...]:
    """Pool failures by decision, move, node and what was said."""
    return _merge(left, right, key=_failure_key)


def add_asked(
    left: tuple[SamplesAsked, ...], right: tuple[SamplesAsked, ...]
) -> tuple[SamplesAsked, ...]:
    """Add the samples that were asked for, request by request."""
    total = list(left)
    for asked in right:
        at = bisect_left(total, asked.request, key=lambda known: known.request)
        if at == len(total) or total[at].request != asked.request:
            total.insert(at, asked)
        else:
            samples = total[at].samples + asked.samples
            total[at] = SamplesAsked(request=asked.request, samples=samples)
    return tuple(total)


def merge_tests(left: tuple[Test, ...], right: tuple[Test, ...]) -> tuple[Test, ...]:
    """Pool visible tests by id; ids sort by their letter, then their number."""
    return _merge(left, right, key=lambda test: (test.id[:1], len(test.id), test.id))


def add_ended(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    """Add how many moves of a decision have ended; those of a later decision replace it.

    >>> add_ended((1, 1), (1, 2)), add_ended((1, 2), (2, 1))
    ((1, 3), (2, 1))
    """
    if left[0] == right[0]:
        return left[0], left[1] + right[1]
    return max(left, right)


def add_usage(left: Usage, right: Usage) -> Usage:
    """Add what was spent."""
    return left + right


def weakest(left: Isolation | None, right: Isolation | None) -> Isolation | None:
    """Keep the weaker tier, then the one with fewer layers."""
    if left is None or right is None:
        return left or right
    return max(left, right, key=_weakness)


def _weakness(isolation: Isolation) -> tuple[int, int, str]:
    tier = get_args(Tier).index(isolation.tier)
    return (tier, -len(isolation.layers), isolation.model_dump_json())


def _candidate_key(candidate: Candidate) -> tuple[int, ...]:
    return candidate.order


def _candidate_revision(candidate: Candidate) -> int:
    return candidate.revision


def _review_key(review: Review) -> tuple[int, str, int]:
    return review.round, review.candidate_id, review.number


def _failure_key(failure: Failure) -> tuple[int, int, str, str]:
    return failure.turn, failure.move, failure.node, failure.detail


def _no_rank(_: object) -> int:
    return 0


def _merge(
    left: tuple[Item, ...],
    right: tuple[Item, ...],
    *,
    key: Callable[[Item], Any],
    rank: Callable[[Item], int] = _no_rank,
) -> tuple[Item, ...]:
    """Keep one item a key: the highest rank, and of equal ranks the one on the right.

    The left side is in the order of its keys, and only its part from the first key of the right
    side on is looked through: most writes add items at the end, or change the last ones.
    """
    if not right:
        return left
    added = _by_key(right, key, rank)
    start = bisect_left(left, next(iter(added)), key=key)
    if start == len(left):
        return (*left, *added.values())
    kept = {key(item): item for item in left[start:]}
    for place, item in added.items():
        before = kept.get(place)
        if before is None or rank(item) >= rank(before):
            kept[place] = item
    return (*left[:start], *(kept[place] for place in sorted(kept)))


def _by_key(
    items: tuple[Item, ...], key: Callable[[Item], Any], rank: Callable[[Item], int]
) -> dict[Any, Item]:
    """Return one item a key, in the order of the keys."""
    kept: dict[Any, Item] = {}
    for item in items:
        place = key(item)
        if place not in kept or rank(item) >= rank(kept[place]):
            kept[place] = item
    return {place: kept[place] for place in sorted(kept)}
