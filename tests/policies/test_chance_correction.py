"""Predicted chances are corrected by what happened."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.graphs.policies.chance_correction import Correction, Group, fitted, group_of

CHANCES = st.floats(min_value=0.001, max_value=0.999)
GROUPS = st.lists(
    st.tuples(st.integers(-12, 8), st.integers(0, 500), st.floats(0, 1)).map(
        lambda drawn: Group(drawn[0], drawn[1], drawn[1] * drawn[2])
    ),
    max_size=12,
)


def results(predicted: Sequence[float], actual: Sequence[float], tried: float) -> list[Group]:
    """Return groups of attempts that pass at other rates than predicted."""
    pairs = zip(predicted, actual, strict=True)
    return [Group(group_of(chance), tried, tried * rate) for chance, rate in pairs]


@given(CHANCES)
def test_without_results_nothing_is_corrected(chance: float) -> None:
    assert fitted([]) == Correction()
    assert Correction()(chance) == pytest.approx(chance)


@given(GROUPS, CHANCES, CHANCES)
def test_a_corrected_chance_is_a_probability_and_keeps_the_order(
    groups: list[Group], one: float, other: float
) -> None:
    correction = fitted(groups)
    low, high = sorted((one, other))
    assert 0 <= correction(low) <= correction(high) <= 1


def test_predictions_that_are_too_high_are_lowered() -> None:
    correction = fitted(results([0.5, 0.27], [0.2, 0.1], tried=100))
    assert correction(0.5) == pytest.approx(0.2, abs=0.05)
    assert correction(0.27) == pytest.approx(0.1, abs=0.05)


def test_predictions_that_differ_too_much_are_drawn_together() -> None:
    correction = fitted(results([0.05, 0.5], [0.2, 0.2], tried=200))
    assert correction(0.5) - correction(0.05) < 0.15
    assert correction.slope < 0.4


def test_few_results_correct_little() -> None:
    assert 0.3 < fitted(results([0.5], [0.0], tried=2))(0.5) < 0.5


def test_impossible_and_certain_attempts_stay_so() -> None:
    assert (Correction(1.0, 0.5)(0.0), Correction(1.0, 0.5)(1.0)) == (0.0, 1.0)
    assert (group_of(0.0), group_of(1.0)) == (-12, 8)
