"""Statistics, compared with manually computed examples, and their laws."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.evaluation.statistics import (
    bootstrap_interval,
    brier_score,
    calibration_error,
    mcnemar_p,
    pass_at_k,
    quantile,
    relative_self_correction,
    reliability,
    wilson_interval,
)


def test_wilson_is_as_published() -> None:
    # Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 15 of 148 gives 0.0624 to 0.1605.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_mcnemar_is_the_binomial_test() -> None:
    assert mcnemar_p(0, 0) is None
    assert mcnemar_p(5, 5) == 1.0
    assert mcnemar_p(0, 6) == pytest.approx(2 / 64)
    assert mcnemar_p(1, 8) == pytest.approx(2 * (1 + 9) / 512)


def test_pass_at_k_does_not_overflow() -> None:
    assert pass_at_k(5_000, 1, 2_500) == pytest.approx(0.5)
    assert pass_at_k(5_000, 0, 2_500) == 0.0
    assert pass_at_k(5_000, 5_000, 2_500) == 1.0


def test_pass_at_k_counts_the_draws_without_a_right_one() -> None:
    assert pass_at_k(5, 2, 1) == pytest.approx(2 / 5)
    assert pass_at_k(4, 1, 2) == pytest.approx(1 - 3 / 6)
    assert pass_at_k(3, 0, 3) == 0.0
    assert pass_at_k(3, 3, 1) == 1.0
    assert pass_at_k(3, 3, 4) is None


def test_calibration_of_ten_problems() -> None:
    beliefs, rights = [0.95] * 5 + [0.25] * 5, [True] * 4 + [False] + [True] + [False] * 4
    bins = reliability(beliefs, rights)
    assert [(each.problems, each.right) for each in bins] == [(5, 0.2), (5, 0.8)]
    assert calibration_error(bins) == pytest.approx(0.5 * 0.05 + 0.5 * 0.15)
    assert brier_score([1.0, 0.5], [True, False]) == pytest.approx(0.125)


def test_what_is_undefined_is_none() -> None:
    assert wilson_interval(0, 0) is None
    assert bootstrap_interval([]) is None
    assert calibration_error([]) is None
    assert brier_score([], []) is None


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_stays_in_range(counted: tuple[int, int]) -> None:
    right, count = counted
    interval = wilson_interval(right, count)
    assert interval
    assert 0 <= interval.low <= right / count + 1e-12
    assert right / count - 1e-12 <= interval.high <= 1


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20))
def test_bootstrap_lies_between_the_extremes(values: list[float]) -> None:
    interval = bootstrap_interval(values)
    assert interval
    assert min(values) - 1e-9 <= interval.low <= interval.high <= max(values) + 1e-9
    assert bootstrap_interval(values) == interval


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_does_not_care_which_is_first(one: int, other: int) -> None:
    p = mcnemar_p(one, other)
    assert p == mcnemar_p(other, one)
    assert p is None or 0 < p <= 1
    assert p is None or not math.isnan(p)


def test_relative_self_correction_lies_between_its_bounds() -> None:
    assert relative_self_correction(0.6, 0.36) == pytest.approx(0.0)
    assert relative_self_correction(0.6, 0.84) == pytest.approx(1.0)
    assert relative_self_correction(0.6, 0.6) == pytest.approx(0.5)
    assert relative_self_correction(0.0, 0.5) is None
    assert relative_self_correction(1.0, 0.5) is None


def test_quantiles_are_values_that_were_there() -> None:
    assert quantile([], 0.5) is None
    assert quantile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert quantile([4.0, 1.0, 3.0, 2.0], 0.95) == 4.0


scipy_stats = pytest.importorskip("scipy.stats")


@given(st.integers(0, 300), st.integers(1, 300))
def test_wilson_is_scipys(right: int, count: int) -> None:
    right = min(right, count)
    theirs = scipy_stats.binomtest(right, count).proportion_ci(method="wilson")
    assert wilson_interval(right, count) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_scipys_binomial_test(first: int, second: int) -> None:
    if first + second:
        theirs = scipy_stats.binomtest(first, first + second, 0.5).pvalue
        assert mcnemar_p(first, second) == pytest.approx(theirs, abs=1e-9)


def test_the_bootstrap_is_near_scipys() -> None:
    values = [1.0] * 30 + [0.0] * 50 + [-1.0] * 8
    theirs = scipy_stats.bootstrap(
        (values,), lambda x, axis: x.mean(axis=axis), method="percentile", rng=0
    ).confidence_interval
    assert bootstrap_interval(values) == pytest.approx((theirs.low, theirs.high), abs=0.02)
