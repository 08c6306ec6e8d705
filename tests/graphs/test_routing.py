"""Routers call a problem easy or hard and show their numbers."""

import math
import statistics as reference
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.errors import InputError
from refinegraph.graphs.routing import (
    AgreementRouter,
    AlwaysEasy,
    AlwaysHard,
    MagicoreRouter,
    Router,
    ScoreCalibration,
    ScoreStatistics,
    VerdictRouter,
    ask_router,
)
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import CallCase, Candidate, Decision, Difficulty, Move, Problem, Score
from refinegraph.support.awaiting import settle
from refinegraph.testing import answers, candidate, programs, state, verdict

TEST = CallCase(id="t1", entry_point="f", arguments="(1,)", expected="2")


def answered(*texts: str, scores: Sequence[float] = ()) -> RefinementState:
    return state(*answers(*texts, scores=scores))


def run_once(*passing: bool) -> RefinementState:
    verdicts = [verdict("passed" if passes else "failed") for passes in passing]
    return state(*programs(*["f = abs"] * len(passing), verdicts=verdicts), tests=(TEST,))


def test_constant_routers() -> None:
    assert AlwaysHard()(answered("1")).level == "hard"
    assert AlwaysEasy()(answered("1")).level == "easy"


def test_agreement_router_counts_equal_answers_and_not_equal_strings() -> None:
    found = AgreementRouter(threshold=0.6)(answered("4", "4.0", " 4 ", "5"))
    assert found.level == "easy"
    assert found.reasons == ("3 of 4 candidates agree (60% needed)",)
    assert found.features[0].value == 0.75
    assert AgreementRouter()(answered("4", "5", "6")).level == "hard"


def test_agreement_router_finds_one_sample_no_agreement() -> None:
    assert AgreementRouter()(answered("4")).level == "hard"


async def test_verdict_router_asks_execution_first() -> None:
    easy = await settle(VerdictRouter()(run_once(False, True)))
    assert easy.level == "easy"
    assert easy.reasons == ("1 of 2 candidates passes the one visible test",)
    assert (await settle(VerdictRouter()(run_once(False)))).level == "hard"


def test_magicore_router_needs_both_conditions_to_fail() -> None:
    spread = ("1", "2", "3", "4", "5")
    low, high = (0.1,) * 5, (0.9,) * 5
    assert MagicoreRouter()(answered(*spread, scores=low)).level == "hard"
    assert MagicoreRouter()(answered(*spread, scores=high)).level == "easy"
    assert MagicoreRouter()(answered("1", "1", "1", "1", "2", scores=low)).level == "easy"


def test_magicore_router_shows_the_papers_numbers() -> None:
    found = MagicoreRouter(running=False, mean=0.5, deviation=0.2)(
        answered("1", "2", scores=(0.4, 0.4))
    )
    quality, confidence = (feature.value for feature in found.features)
    assert quality == pytest.approx(-0.5)
    assert confidence == pytest.approx(2 - 2 / (1 + math.exp(-math.log(2))))


def test_magicore_confidence_of_half_is_an_entropy_of_ln_three() -> None:
    even = MagicoreRouter(mean=2.0)(answered("1", "2", "3", scores=(0.5, 0.5, 0.5)))
    assert even.features[1].value == pytest.approx(0.5)


ROUTERS: list[Router] = [
    AlwaysHard(),
    AlwaysEasy(),
    AgreementRouter(),
    VerdictRouter(),
    MagicoreRouter(),
]
EMPTY = [
    state(),
    state(problem=Problem(prompt="f"), tests=(TEST,)),
    state(*answers(None)),
]


@pytest.mark.parametrize("empty", EMPTY, ids=["no candidate", "no program", "unusable"])
@pytest.mark.parametrize("router", ROUTERS, ids=repr)
async def test_no_router_raises_on_an_empty_state(router: Router, empty: RefinementState) -> None:
    assert (await settle(router(empty))).level in ("easy", "hard")


def test_score_statistics_move_from_the_prior_to_the_observations() -> None:
    statistics = ScoreStatistics(mean=0.5, deviation=0.2, enough=4)
    assert statistics.mean == 0.5
    assert statistics.deviation == pytest.approx(0.2)
    for _ in range(400):
        statistics.note(0.9)
    assert statistics.mean == pytest.approx(0.9, abs=0.01)
    assert statistics.deviation < 0.06


def features_of(found: Difficulty) -> dict[str, float]:
    return {feature.name: feature.value for feature in found.features}


async def test_verdict_router_reports_the_best_share_of_passed_tests() -> None:
    verdicts = [verdict("passed", "failed", "passed"), verdict("failed", "failed", "passed")]
    tests = tuple(TEST.model_copy(update={"id": f"t{number}"}) for number in (1, 2, 3))
    pool = programs("f = abs", "f = len", "f = int", verdicts=[*verdicts, None])
    hard = await settle(VerdictRouter()(state(*pool, tests=tests)))
    assert hard.level == "hard"
    assert hard.reasons == ("no candidate passes all 3 visible tests; the best passes 2",)
    assert features_of(hard) == {"passing": 0, "best_passed": 2, "tests": 3}
    unrun = await settle(VerdictRouter()(state(*programs("f = abs"), tests=tests)))
    assert features_of(unrun) == {"passing": 0, "best_passed": 0, "tests": 3}


def test_verdict_router_asks_another_where_nothing_can_be_proved() -> None:
    samples = answered("4", "4")
    assert VerdictRouter()(samples) == AgreementRouter()(samples)
    assert VerdictRouter(otherwise=AlwaysHard())(samples) == AlwaysHard()(samples)


def test_agreement_is_enough_exactly_at_the_threshold() -> None:
    assert AgreementRouter(threshold=0.5)(answered("4", "4", "5", "6")).level == "easy"
    assert AgreementRouter(threshold=0.51)(answered("4", "4", "5", "6")).level == "hard"
    assert AgreementRouter(threshold=0.5)(answered("4", "4")).level == "easy"


async def test_an_invalid_difficulty_is_refused() -> None:
    def wrong(state: RefinementState) -> Difficulty:
        return "easy"  # type: ignore[return-value]

    with pytest.raises(InputError, match="the router returned 'easy'; expected a Difficulty"):
        await ask_router(wrong, answered("4"))
    assert (await ask_router(AlwaysHard(), answered("4"))).level == "hard"


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=30),
    st.floats(0, 1),
    st.integers(2, 20),
)
def test_running_statistics_are_those_of_a_sample_that_begins_with_the_constants(
    scores: list[float], mean: float, enough: int
) -> None:
    # `enough` values with the given mean and a deviation of 0.
    running = ScoreStatistics(mean=mean, deviation=0.0, enough=enough)
    for score in scores:
        running.note(score)
    seen = [mean] * enough + scores
    assert running.mean == pytest.approx(reference.fmean(seen))
    assert running.deviation == pytest.approx(reference.pstdev(seen), abs=1e-6)


def test_statistics_start_with_ten_problems_around_one_half() -> None:
    running = ScoreStatistics()
    assert (running.mean, running.deviation) == (0.5, 0.25)
    running.note(1.0)
    assert running.mean == pytest.approx((10 * 0.5 + 1.0) / 11)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_calibration_is_the_mean_and_deviation_of_the_whole_set(scores: list[float]) -> None:
    found = ScoreCalibration.of(scores)
    assert found.mean == pytest.approx(reference.fmean(scores))
    assert found.deviation == pytest.approx(reference.pstdev(scores), abs=1e-6)
    assert found.count == len(scores)


def test_saved_calibration_is_loaded_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    saved = ScoreCalibration.of([0.25, 0.75])
    saved.save(file)
    assert ScoreCalibration.load(file) == saved
    file.write_text("{}")
    with pytest.raises(InputError, match="is not a calibration file"):
        ScoreCalibration.load(file)
    with pytest.raises(InputError, match="is not a calibration file"):
        ScoreCalibration.load(tmp_path / "none.json")


@pytest.mark.parametrize("scores", [[], [0.5]])
def test_calibration_needs_two_scores(scores: list[float]) -> None:
    with pytest.raises(InputError, match=f"needs at least 2 scores, got {len(scores)}"):
        ScoreCalibration.of(scores)


def scored(number: int, answer: str, **values: float | None) -> Candidate:
    scores = tuple(Score(scorer=name, value=value) for name, value in values.items())
    return candidate(f"0.{number}", answer).model_copy(update={"scores": scores})


def test_confidence_is_that_of_the_least_sure_scorer() -> None:
    pool = [
        scored(0, "1", sure=1.0, unsure=0.5, silent=None),
        scored(1, "2", sure=0.0, unsure=0.5, silent=None),
    ]
    found = features_of(MagicoreRouter(running=False)(state(*pool)))
    assert found["confidence"] == pytest.approx(2 - 2 / (1 + math.exp(-math.log(2))))
    sure = [scored(0, "1", sure=1.0), scored(1, "2", sure=0.0)]
    assert features_of(MagicoreRouter(running=False)(state(*sure)))["confidence"] == 1.0


def test_scores_below_zero_are_no_mass() -> None:
    pool = [scored(0, "1", judge=0.5), scored(1, "1", judge=-3.0), scored(2, "2", judge=0.5)]
    found = features_of(MagicoreRouter(running=False)(state(*pool)))
    assert found["confidence"] == pytest.approx(2 - 2 / (1 + math.exp(-math.log(2))))


def test_answers_without_a_score_are_of_average_quality_and_inspire_no_confidence() -> None:
    found = MagicoreRouter(running=False, quality=0.1)(answered("1", "1"))
    assert features_of(found) == {"quality": 0.0, "confidence": 0.0}
    assert found.level == "hard"
    none = [scored(0, "1", judge=0.0), scored(1, "2", judge=0.0)]
    assert features_of(MagicoreRouter(running=False)(state(*none)))["confidence"] == 0.0


def test_one_condition_is_enough_exactly_at_its_threshold() -> None:
    even = answered("1", "2", "3", scores=(0.5, 0.5, 0.5))
    below: dict[str, Any] = {"running": False, "mean": 1.0, "deviation": 0.25}
    entropy = features_of(MagicoreRouter(**below)(even))["confidence"]
    assert MagicoreRouter(**below, confidence=entropy)(even).level == "easy"
    assert MagicoreRouter(**below, confidence=entropy + 1e-9)(even).level == "hard"
    assert MagicoreRouter(**below, confidence=2.0, quality=-2.0)(even).level == "easy"
    assert MagicoreRouter(**below, confidence=2.0, quality=-1.9)(even).level == "hard"
    assert MagicoreRouter(**below, confidence=2.0, quality=-1.9)(even).reasons == (
        "the majority's scores are -2.00 standard deviations from the mean (at least -1.90 needed)",
        "confidence in the leading answer is 0.50 (at least 2.00 needed)",
    )


def test_quality_is_that_of_the_majority_and_a_deviation_of_zero_counts_as_one() -> None:
    pool = answered("1", "2", "2", scores=(0.9, 0.3, 0.5))
    wide = MagicoreRouter(running=False, mean=0.5, deviation=0.2)
    assert features_of(wide(pool))["quality"] == pytest.approx(-0.5)
    flat = MagicoreRouter(running=False, mean=0.5, deviation=0.0)
    assert features_of(flat(pool))["quality"] == pytest.approx(-0.1)


def test_only_the_first_score_of_a_problem_is_noted_and_only_once() -> None:
    router = MagicoreRouter()
    first = answered("1", "2", scores=(0.9, 0.1))
    found = router(first)
    assert router.statistics.mean == pytest.approx((10 * 0.5 + 0.9) / 11)
    routed = Decision(moves=(Move(operator="solve"),), difficulty=found)
    router(state(*answers("1", "2", scores=(0.9, 0.1)), decisions=[routed]))
    assert router.statistics.mean == pytest.approx((10 * 0.5 + 0.9) / 11)
    router(answered("1"))  # no score, nothing to note
    assert router.statistics.mean == pytest.approx((10 * 0.5 + 0.9) / 11)
    still = MagicoreRouter(running=False)
    still(first)
    assert still.statistics.mean == 0.5


def test_first_majority_stays_that_of_the_first_samples() -> None:
    drawn = [scored(0, "1", judge=0.9), scored(1, "1.0", judge=0.7), scored(2, "2", judge=0.1)]
    tested = verdict("passed")  # what was tested stands in for its parent
    refined = [
        candidate(f"1.{number}", "2", parents=f"0.{number}", score=0.2, verdict=tested)
        for number in (0, 1)
    ]
    kept = [candidate("1.2", "1", parents="0.2", score=0.6)]
    given: dict[str, Any] = {"running": False, "mean": 0.5, "deviation": 0.1}
    moved = state(*drawn, *refined)
    anew = features_of(MagicoreRouter(**given)(moved))["quality"]
    assert anew == pytest.approx((0.1 + 0.2 + 0.2) / 3 * 10 - 5)
    # Nothing agrees with the first majority any more: of average quality, as published.
    assert features_of(MagicoreRouter(**given, first_majority=True)(moved))["quality"] == 0.0
    found = MagicoreRouter(**given, first_majority=True)(state(*drawn, *refined, *kept))
    assert features_of(found)["quality"] == pytest.approx(1.0)


def test_routers_show_how_they_are_set() -> None:
    assert repr(AgreementRouter(threshold=0.7)) == "AgreementRouter(threshold=0.7)"
    assert repr(VerdictRouter(otherwise=AlwaysEasy())) == "VerdictRouter(otherwise=AlwaysEasy())"
    assert repr(MagicoreRouter(mean=0.1, quality=0.2, running=False)) == (
        "MagicoreRouter(mean=0.1, deviation=0.25, quality=0.2, confidence=0.5, running=False, "
        "first_majority=False)"
    )
