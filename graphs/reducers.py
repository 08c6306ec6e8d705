"""Merge what parallel branches write, whatever order they finish in.

Every function here is commutative, associative and idempotent, but for `add_usage` and `add_asked`:
what a branch spent and asked for is written once.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar, get_args

from refinegraph.schema import (
    Candidate,
    Decision,
    Failure,
    Frozen,
    Isolation,
    Reversion,
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


def merge_reviews(left: tuple[Review, ...], right: tuple[Review, ...]) -> tuple[Review, ...]:
    """Pool reviews by round and candidate; what a person changed stays."""
    return _merge(left, right, key=_review_key, rank=lambda review: int(review.edited))


def merge_reversions(
    left: tuple[Reversion, ...], right: tuple[Reversion, ...]
) -> tuple[Reversion, ...]:
    """Pool reversions by candidate."""
    return _merge(left, right, key=lambda reversion: reversion.candidate_id)


def merge_decisions(
    left: tuple[Decision, ...], right: tuple[Decision, ...]
) -> tuple[Decision, ...]:
    """Pool decisions by number."""
    return _merge(left, right, key=lambda decision: decision.number)


def merge_failures(left: tuple[Failure, ...], right: tuple[Failure, ...]) -> tuple[Failure, ...]:
    """Pool failures by place."""
    return _merge(left, right, key=lambda each: (each.round, each.node, each.candidate_id or ""))


def add_asked(
    left: tuple[SamplesAsked, ...], right: tuple[SamplesAsked, ...]
) -> tuple[SamplesAsked, ...]:
    """Add the samples that were asked for, request by request."""
    total = Counter({each.request: each.samples for each in left})
    total.update({each.request: each.samples for each in right})
    return tuple(SamplesAsked(request=key, samples=n) for key, n in sorted(total.items()))


def merge_tests(left: tuple[Test, ...], right: tuple[Test, ...]) -> tuple[Test, ...]:
    """Pool visible tests by id; ids sort by their letter, then their number."""
    return _merge(left, right, key=lambda test: (test.id[:1], len(test.id), test.id))


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


def _review_key(review: Review) -> tuple[int, str]:
    return review.round, review.candidate_id


def _no_rank(_: object) -> int:
    return 0


def _merge(
    left: tuple[Item, ...],
    right: tuple[Item, ...],
    *,
    key: Callable[[Item], Any],
    rank: Callable[[Item], int] = _no_rank,
) -> tuple[Item, ...]:
    """Keep one item a key: the highest rank, then whichever serialises last."""
    kept: dict[Any, Item] = {}
    for item in (*left, *right):
        place = key(item)
        kept[place] = _later(kept[place], item, rank) if place in kept else item
    return tuple(kept[place] for place in sorted(kept))


def _later(one: Item, other: Item, rank: Callable[[Item], int]) -> Item:
    if one is other or one == other:
        return one
    if rank(one) != rank(other):
        return max(one, other, key=rank)
    return max(one, other, key=lambda item: item.model_dump_json())
