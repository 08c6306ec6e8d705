"""Routers call a problem easy or hard and show their numbers."""

import math
from collections.abc import Sequence

import pytest

from refinegraph.graphs.routing import (
    AgreementRouter,
    AlwaysEasy,
    AlwaysHard,
    MagicoreRouter,
    Router,
    ScoreStatistics,
    VerdictRouter,
)
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import (
    CallCase,
    Problem,
)
from refinegraph.support.awaiting import settle
from refinegraph.testing import answers, programs, state, verdict

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
    assert found.reasons == ("75% of 4 agree, 60% is enough",)
    assert found.features[0].value == 0.75
    assert AgreementRouter()(answered("4", "5", "6")).level == "hard"


def test_agreement_router_finds_one_sample_no_agreement() -> None:
    assert AgreementRouter()(answered("4")).level == "hard"


async def test_verdict_router_asks_execution_first() -> None:
    easy = await settle(VerdictRouter()(run_once(False, True)))
    assert easy.level == "easy"
    assert easy.reasons == ("1 of 2 candidates pass the one visible test",)
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
async def test_no_router_raises_where_there_is_nothing_to_see(
    router: Router, empty: RefinementState
) -> None:
    assert (await settle(router(empty))).level in ("easy", "hard")


def test_statistics_run_from_the_constants_to_what_is_seen() -> None:
    statistics = ScoreStatistics(mean=0.5, deviation=0.2, enough=4)
    assert statistics.mean == 0.5
    assert statistics.deviation == pytest.approx(0.2)
    for _ in range(400):
        statistics.note(0.9)
    assert statistics.mean == pytest.approx(0.9, abs=0.01)
    assert statistics.deviation < 0.06
