"""Beliefs after scores, and fitted calibrations, by their laws."""

import math
import random
import statistics
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.errors import InputError
from refinegraph.graphs.policies.beliefs import Tally, beta, normal, tally
from refinegraph.graphs.policies.calibration import (
    DEFAULT_CALIBRATOR,
    ConfidenceCalibrator,
    FeatureWeight,
    fit_calibrator,
    pool_features,
)
from refinegraph.schema import CallCase, Feature
from refinegraph.testing import answers, candidate, programs, state, verdict

scores = st.lists(st.floats(-5, 5), min_size=1, max_size=12)


@given(scores)
def test_a_tally_holds_mean_and_spread(values: list[float]) -> None:
    seen = tally(values)
    assert seen.count == len(values)
    assert seen.mean == pytest.approx(statistics.fmean(values), abs=1e-9)
    spread = len(values) * statistics.pvariance(values)
    assert seen.spread == pytest.approx(spread, abs=1e-6)
    assert seen.minus(tally(values[1:])).mean == pytest.approx(values[0], abs=1e-9)
    rest = seen.minus(tally(values[:1]))
    assert (rest.count, rest.spread >= 0) == (len(values) - 1, True)


def test_nothing_seen_is_a_mean_of_zero() -> None:
    assert (Tally().mean, Tally().spread, Tally()) == (0.0, 0.0, tally([]))


@given(scores, scores)
def test_a_normal_belief_learns_the_same_at_once_and_step_by_step(
    first: list[float], second: list[float]
) -> None:
    prior = normal(mean=0.3, kappa=2.0, nu=3.0, variance=0.5)
    between = prior.after(tally(first))
    stepwise = normal(*between).after(tally(second))
    assert stepwise == pytest.approx(prior.after(tally(first + second)), abs=1e-6)


def test_a_normal_belief_is_the_papers() -> None:
    now = normal().after(tally([1.0, 1.0]))
    # Two scores of 1 against one of 0: spread 2/3 about the common mean, and 0.1 before.
    assert now == pytest.approx((2 / 3, 3.0, 3.0, (0.1 + 2 / 3) / 3))


def test_draws_of_a_normal_belief_have_its_mean_and_variance() -> None:
    belief, seen, source = normal(), tally([0.2, 0.4, 0.6, 0.9, 0.1, 0.3, 0.7]), random.Random(1)
    now = belief.after(seen)
    drawn = [belief.draw(seen, source) for _ in range(20_000)]
    assert statistics.fmean(drawn) == pytest.approx(now.mean, abs=0.01)
    variance = now.nu * now.variance / (now.nu - 2) / now.kappa
    assert statistics.pvariance(drawn) == pytest.approx(variance, rel=0.1)


@pytest.mark.parametrize(
    ("values", "mean"),
    [([], 0.5), ([1.0, 1.0, 0.0], 2.5 / 4), ([-3.0], 0.25), ([9.0], 0.75), ([-2.0, 0.0], 1 / 6)],
)
def test_draws_of_a_beta_belief_have_its_mean_whatever_the_scores(
    values: list[float], mean: float
) -> None:
    source = random.Random(2)
    drawn = [beta().draw(tally(values), source) for _ in range(20_000)]
    assert all(0 <= value <= 1 for value in drawn)
    assert statistics.fmean(drawn) == pytest.approx(mean, abs=0.01)


def test_a_beta_belief_needs_no_negative_counts() -> None:
    for wrong in ({"wins": -1.0}, {"losses": -0.5}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            beta(**wrong)
    assert 0 <= beta(wins=1.0, losses=2.0).draw(tally([]), random.Random(1)) <= 1


# --- calibration ---


def row(**values: float) -> tuple[Feature, ...]:
    return tuple(Feature(name=name, value=value) for name, value in values.items())


rows = st.lists(
    st.tuples(st.floats(0, 1), st.floats(-2, 2), st.booleans()), min_size=6, max_size=12
).filter(lambda drawn: len({right for _, _, right in drawn}) == 2)


@settings(max_examples=6, deadline=None)
@given(drawn=rows, penalty=st.sampled_from([0.1, 0.5]))
def test_a_fitted_calibration_is_where_the_penalised_likelihood_is_highest(
    drawn: list[tuple[float, float, bool]], penalty: float
) -> None:
    known = [(row(share=one, gap=other), right) for one, other, right in drawn]
    found = fit_calibrator(known, penalty=penalty)
    errors = [found.probability(features) - right for features, right in known]
    assert all(0.01 < found.probability(features) < 0.99 for features, _ in known)
    assert math.fsum(errors) / len(errors) == pytest.approx(0, abs=1e-3)
    for place, term in enumerate(found.weights):
        scaled = [
            ({f.name: f.value for f in features}[term.name] - term.mean) / term.deviation
            for features, _ in known
        ]
        slope = math.fsum(e * x for e, x in zip(errors, scaled, strict=True)) / len(errors)
        assert slope + penalty * term.weight == pytest.approx(0, abs=1e-3), place
        if term.deviation > 1e-3:
            assert statistics.fmean(scaled) == pytest.approx(0, abs=1e-6)
            assert statistics.pstdev(scaled) == pytest.approx(1, abs=1e-6)


def test_a_feature_that_a_row_lacks_counts_as_its_mean() -> None:
    known = [(row(share=0.2), False), (row(share=0.8), True), (row(), True), (row(), False)]
    found = fit_calibrator(known)
    assert [term.name for term in found.weights] == ["share"]
    assert found.probability(row()) == pytest.approx(found.probability(row(share=0.5)))
    assert found.probability(row(share=0.8)) > 0.9
    assert found.weights[0].mean == pytest.approx(0.5)
    assert found.weights[0].deviation == pytest.approx(0.3)


def test_a_feature_that_never_varies_decides_nothing() -> None:
    found = fit_calibrator([(row(share=0.5), True), (row(share=0.5), False)])
    assert found.weights[0].deviation == 1e-3
    assert found.probability(row(share=0.5)) == pytest.approx(0.5)


def test_runs_with_one_label_teach_nothing() -> None:
    with pytest.raises(InputError, match="2 runs that are all right or all wrong"):
        fit_calibrator([(row(), True), (row(), True)])


@given(st.floats(-1e6, 1e6))
def test_no_pool_is_ever_certain(value: float) -> None:
    calibrator = ConfidenceCalibrator(
        bias=0.0, weights=(FeatureWeight(name="x", mean=0.0, deviation=1.0, weight=1.0),)
    )
    found = calibrator.probability(row(x=value))
    assert 0.01 <= found <= 0.99
    if abs(value) < 4:
        assert found == pytest.approx(1 / (1 + math.exp(-value)))
    assert calibrator.probability(row(x=-value)) == pytest.approx(1 - found)


def test_the_shipped_calibration_believes_more_of_every_feature() -> None:
    middle = row(share=0.6, margin=0.4, score_gap=0.15, proved=0.5)
    average = DEFAULT_CALIBRATOR.probability(middle)
    assert average == pytest.approx(DEFAULT_CALIBRATOR.probability(()))
    for name in ("share", "margin", "score_gap", "proved"):
        better = tuple(
            feature.model_copy(update={"value": feature.value + 0.1 * (feature.name == name)})
            for feature in middle
        )
        assert DEFAULT_CALIBRATOR.probability(better) > average


def test_a_saved_calibration_is_loaded_unchanged(tmp_path: Path) -> None:
    DEFAULT_CALIBRATOR.save(tmp_path / "c.json")
    assert ConfidenceCalibrator.load(tmp_path / "c.json") == DEFAULT_CALIBRATOR
    (tmp_path / "bad.json").write_text("[]")
    for name in ("bad.json", "none.json"):
        with pytest.raises(InputError, match="is not a calibration file"):
            ConfidenceCalibrator.load(tmp_path / name)


def values_of(features: tuple[Feature, ...]) -> dict[str, Any]:
    return {feature.name: pytest.approx(feature.value) for feature in features}


def test_votes_are_smoothed_by_one_vote_each() -> None:
    found = values_of(pool_features(state(*answers("1", "1", "1", "2", "3"))))
    assert found == {"share": 4 / 7, "margin": 2 / 6}
    assert values_of(pool_features(state(*answers("1")))) == {"share": 2 / 3, "margin": 1 / 2}
    assert pool_features(state(*answers(None))) == ()


def test_the_score_gap_is_between_the_leading_answer_and_all_others() -> None:
    pool = (*answers("1", "1", "2", "3", scores=(0.9, 0.7, 0.4, 0.2)), candidate("1.0", "1"))
    assert values_of(pool_features(state(*pool)))["score_gap"] == 0.8 - 0.3
    assert "score_gap" not in values_of(pool_features(state(*answers("1", "1", scores=(1, 1)))))
    assert "score_gap" not in values_of(pool_features(state(*answers("1", "2"))))


def test_what_is_proved_is_the_best_share_of_visible_tests() -> None:
    given_test = CallCase(id="t1", entry_point="f", arguments="()", expected="1")
    verdicts = [verdict("passed", "failed", "failed", "failed"), verdict("passed", "failed"), None]
    pool = programs("f = 1", "f = 2", "f = 3", verdicts=verdicts)
    assert values_of(pool_features(state(*pool, tests=(given_test,))))["proved"] == 0.5
    guessed = given_test.model_copy(update={"origin": "generated"})
    assert "proved" not in values_of(pool_features(state(*pool, tests=(guessed,))))
    unrun = programs("f = 1")
    assert "proved" not in values_of(pool_features(state(*unrun, tests=(given_test,))))
