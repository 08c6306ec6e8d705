"""Parallel branches may finish in any order without changing the state."""

import random
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.graphs.reducers import (
    add_usage,
    merge_candidates,
    merge_decisions,
    merge_failures,
    merge_rejected,
    merge_reviews,
    merge_tests,
    weakest_isolation,
)
from refinegraph.schema import (
    CallCase,
    Candidate,
    Decision,
    Failure,
    Isolation,
    Move,
    RejectedRefinement,
    Review,
    Score,
    Usage,
)

ids = st.builds("{}.{}".format, st.integers(0, 2), st.integers(0, 3))
candidates = st.builds(
    Candidate,
    id=ids,
    operator=st.sampled_from(["solve", "refine"]),
    text=st.sampled_from(["a", "b"]),
    revision=st.integers(0, 2),
    scores=st.sampled_from([(), (Score(scorer="x", value=0.5),)]),
)
reviews = st.builds(
    Review,
    candidate_id=ids,
    round=st.integers(0, 2),
    approves=st.booleans(),
    text=st.text(max_size=2),
)
rejections = st.builds(RejectedRefinement, candidate_id=ids, parent_id=ids)
decisions = st.builds(
    Decision,
    number=st.integers(0, 3),
    round=st.integers(0, 2),
    moves=st.sampled_from([(), (Move(operator="solve"),)]),
)
failures = st.builds(
    Failure,
    kind=st.sampled_from(["model", "deadline"]),
    node=st.sampled_from(["review", "refine"]),
    round=st.integers(0, 1),
    candidate_id=st.none() | ids,
    detail=st.text(max_size=2),
)
tests = st.builds(
    CallCase,
    id=st.builds("t{}".format, st.integers(1, 12)),
    entry_point=st.just("f"),
    arguments=st.just("(1,)"),
    expected=st.sampled_from(["1", "2"]),
)

MERGES = [
    (merge_candidates, candidates),
    (merge_reviews, reviews),
    (merge_rejected, rejections),
    (merge_decisions, decisions),
    (merge_failures, failures),
    (merge_tests, tests),
]


@pytest.mark.parametrize(("merge", "items"), MERGES, ids=lambda each: getattr(each, "__name__", ""))
@given(data=st.data())
def test_merge_groups_and_repeats_as_it_likes(merge, items, data) -> None:  # type: ignore[no-untyped-def]
    parts = data.draw(st.lists(st.lists(items, max_size=3).map(tuple), min_size=1, max_size=4))
    merged = reduce(merge, parts, ())
    assert merge(merged, merged) == merged
    assert merge(merge((), parts[0]), reduce(merge, parts[1:], ())) == merged


@pytest.mark.parametrize(("merge", "items"), MERGES, ids=lambda each: getattr(each, "__name__", ""))
@given(data=st.data())
def test_order_does_not_matter_where_keys_differ(merge, items, data) -> None:  # type: ignore[no-untyped-def]
    apart = [(item,) for item in merge((), tuple(data.draw(st.lists(items, max_size=6))))]
    shuffled = apart[:]
    random.Random(data.draw(st.integers(0, 99))).shuffle(shuffled)
    assert reduce(merge, shuffled, ()) == reduce(merge, apart, ())


def test_a_review_that_is_changed_later_replaces_the_first_whatever_its_text() -> None:
    first = Review(candidate_id="0.0", round=1, approves=False, text="z")
    for text in ("a", "zz"):
        later = first.model_copy(update={"text": text})
        assert merge_reviews((first,), (later,)) == (later,)
    revised = first.model_copy(update={"text": "a", "revision": 1})
    assert merge_reviews((revised,), (first,)) == (revised,)


def test_merge_candidates_keeps_the_highest_revision() -> None:
    old = Candidate(id="0.0", operator="solve", text="x")
    new = old.model_copy(update={"revision": 1, "scores": (Score(scorer="s", value=1.0),)})
    assert merge_candidates((new,), (old,)) == (new,)


def test_merge_candidates_sorts_by_number_and_not_by_letter() -> None:
    made = tuple(Candidate(id=f"0.{n}", operator="solve", text="x") for n in (10, 9, 2))
    assert [each.id for each in merge_candidates((), made)] == ["0.2", "0.9", "0.10"]


money = st.floats(0, 100, allow_nan=False).map(lambda value: round(value, 9))
usages = st.builds(
    Usage,
    llm_calls=st.integers(0, 5),
    prompt_tokens=st.integers(0, 10_000),
    completion_tokens=st.integers(0, 10_000),
    priced_usd=money,
    unpriced_calls=st.integers(0, 1),
    wall_seconds=money,
)


@given(st.lists(usages, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_usage_adds_exactly_in_any_order(spent: list[Usage], chance: random.Random) -> None:
    shuffled = spent[:]
    chance.shuffle(shuffled)
    half = len(spent) // 2
    total = reduce(add_usage, spent, Usage())
    assert reduce(add_usage, shuffled, Usage()) == total
    grouped = reduce(add_usage, spent[:half], Usage()) + reduce(add_usage, spent[half:], Usage())
    assert grouped == total


def test_usage_with_an_unknown_price_has_no_cost() -> None:
    assert Usage(priced_usd=0.1).cost_usd == 0.1
    assert (Usage(priced_usd=0.1) + Usage(unpriced_calls=1)).cost_usd is None


isolations = st.none() | st.builds(
    Isolation,
    tier=st.sampled_from(["strong", "medium", "none"]),
    layers=st.sampled_from([(), ("seccomp",)]),
)


@given(isolations, isolations, isolations)
def test_weakest_is_a_join(one: Isolation, two: Isolation, three: Isolation) -> None:
    assert weakest_isolation(one, two) == weakest_isolation(two, one)
    assert weakest_isolation(weakest_isolation(one, two), three) == weakest_isolation(
        one, weakest_isolation(two, three)
    )
    assert weakest_isolation(one, one) == one
