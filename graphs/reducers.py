"""Merge the writes of parallel branches, independently of the order in which they finish.

Items are merged by key. Of two items with the same key, the higher revision wins, and with equal
revisions the later write. LangGraph applies the writes of parallel moves in the order of the moves,
so the state is deterministic. Every merge is associative and idempotent, except `add_usage`,
`add_sample_counts` and `add_ended`, whose writes happen exactly once.
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
    SampleCount,
    Tier,
    Usage,
)
from refinegraph.schema import VisibleTest as Test

Item = TypeVar("Item", bound=Frozen)


def merge_candidates(
    left: tuple[Candidate, ...], right: tuple[Candidate, ...]
) -> tuple[Candidate, ...]:
    """Pool candidates by id, keeping the highest revision, in the order of their requests."""
    return _merge(left, right, key=_candidate_key, rank=_candidate_revision)


def find_candidate(candidates: Sequence[Candidate], id: str) -> Candidate | None:
    """Return the candidate with an id from a merged pool, or None.

    >>> find_candidate([Candidate(id="0.0", text="a"), Candidate(id="0.1", text="b")], "0.1").text
    'b'
    """
    if not re.fullmatch(r"\d+(\.\d+)*", id):
        return None
    key = tuple(map(int, id.split(".")))
    index = bisect_left(candidates, key, key=_candidate_key)
    candidate = candidates[index] if index < len(candidates) else None
    return candidate if candidate and candidate.id == id else None


def merge_reviews(left: tuple[Review, ...], right: tuple[Review, ...]) -> tuple[Review, ...]:
    """Pool reviews by round, candidate and number, keeping the highest revision."""
    return _merge(left, right, key=_review_key, rank=lambda review: review.revision)


def merge_notes(left: tuple[Note, ...], right: tuple[Note, ...]) -> tuple[Note, ...]:
    """Append notes in the order in which they were written, without duplicates."""
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
    """Pool failures by decision, move, node and message."""
    return _merge(left, right, key=_failure_key)


def add_sample_counts(
    left: tuple[SampleCount, ...], right: tuple[SampleCount, ...]
) -> tuple[SampleCount, ...]:
    """Add up the requested samples for each request."""
    total = list(left)
    for addition in right:
        index = bisect_left(total, addition.request, key=lambda item: item.request)
        if index == len(total) or total[index].request != addition.request:
            total.insert(index, addition)
        else:
            samples = total[index].samples + addition.samples
            total[index] = SampleCount(request=addition.request, samples=samples)
    return tuple(total)


def merge_tests(left: tuple[Test, ...], right: tuple[Test, ...]) -> tuple[Test, ...]:
    """Pool visible tests by id, sorted by the letter of the id, then by its number."""
    return _merge(left, right, key=lambda test: (test.id[:1], len(test.id), test.id))


def add_ended(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    """Add up the ended moves of a decision; a later decision replaces an earlier one.

    >>> add_ended((1, 1), (1, 2)), add_ended((1, 2), (2, 1))
    ((1, 3), (2, 1))
    """
    if left[0] == right[0]:
        return left[0], left[1] + right[1]
    return max(left, right)


def add_usage(left: Usage, right: Usage) -> Usage:
    """Add up usage."""
    return left + right


def weakest_isolation(left: Isolation | None, right: Isolation | None) -> Isolation | None:
    """Return the weaker isolation: by tier, then by the number of layers."""
    if left is None or right is None:
        return left or right
    return max(left, right, key=_weakness)


def _weakness(isolation: Isolation) -> tuple[int, int, str]:
    tier = get_args(Tier).index(isolation.tier)
    return (tier, -len(isolation.layers), isolation.model_dump_json())


def _candidate_key(candidate: Candidate) -> tuple[int, ...]:
    return candidate.sort_key


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
    """Keep one item per key: the one with the highest rank, and for equal ranks the right one.

    The left side is sorted by key, and only its part from the first key of the right side onwards
    is searched: most writes append items or change the last ones.
    """
    if not right:
        return left
    added = _by_key(right, key, rank)
    start = bisect_left(left, next(iter(added)), key=key)
    if start == len(left):
        return (*left, *added.values())
    kept = {key(item): item for item in left[start:]}
    for item_key, item in added.items():
        existing = kept.get(item_key)
        if existing is None or rank(item) >= rank(existing):
            kept[item_key] = item
    return (*left[:start], *(kept[item_key] for item_key in sorted(kept)))


def _by_key(
    items: tuple[Item, ...], key: Callable[[Item], Any], rank: Callable[[Item], int]
) -> dict[Any, Item]:
    """Return one item per key, sorted by key."""
    kept: dict[Any, Item] = {}
    for item in items:
        item_key = key(item)
        if item_key not in kept or rank(item) >= rank(kept[item_key]):
            kept[item_key] = item
    return {item_key: kept[item_key] for item_key in sorted(kept)}
