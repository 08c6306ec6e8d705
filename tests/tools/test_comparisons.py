"""Strengths computed from pairwise comparisons."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.tools.comparisons import bradley_terry, pairs_to_compare, win_rates

Wins = dict[tuple[str, str], float]


@st.composite
def tournaments(draw: st.DrawFn) -> Wins:
    names = "abcdef"[: draw(st.integers(2, 6))]
    pairs = pairs_to_compare(names, limit=draw(st.integers(1, 15)))
    return {pair: draw(st.sampled_from([0.0, 0.5, 1.0])) for pair in pairs}


@pytest.mark.parametrize("rank", [win_rates, bradley_terry])
@settings(max_examples=40, deadline=None)
@given(wins=tournaments())
def test_ranking_is_fair(rank: type, wins: Wins) -> None:
    values = rank(wins)
    turned = rank({(second, first): 1.0 - won for (first, second), won in wins.items()})
    shuffled = rank(dict(reversed(wins.items())))
    assert set(values) == {name for pair in wins for name in pair}
    assert all(0 <= value <= 1 for value in values.values())
    assert values == pytest.approx(turned, abs=1e-6)
    assert values == pytest.approx(shuffled, abs=1e-6)


def test_beating_a_strong_one_counts_for_more_under_bradley_terry() -> None:
    wins = {("strong", "x"): 1.0, ("strong", "y"): 1.0, ("a", "strong"): 1.0, ("b", "x"): 1.0}
    values = bradley_terry(wins)
    assert values["a"] > values["b"]
    assert win_rates(wins)["a"] == win_rates(wins)["b"]


@given(st.integers(0, 12), st.integers(0, 40))
def test_pairs_are_distinct_bounded_and_reach_everyone_where_they_can(
    names: int, limit: int
) -> None:
    pairs = pairs_to_compare(range(names), limit=limit)
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)
    assert len(pairs) == min(limit, names * (names - 1) // 2)
    if limit >= names - 1 > 0:
        assert {name for pair in pairs for name in pair} == set(range(names))
