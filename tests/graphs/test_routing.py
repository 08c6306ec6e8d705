"""Routers call a problem easy or hard and show their numbers."""

import math

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
    Candidate,
    CaseOutcome,
    Isolation,
    Problem,
    Score,
    Verdict,
)
from refinegraph.support.awaiting import settle

MATH = Problem(prompt="2 + 2?", kind="math")
TEST = CallCase(id="t1", entry_point="f", arguments="(1,)", expected="2")


def answers(*given: str, scores: tuple[float, ...] = ()) -> RefinementState:
    pool = tuple(
        Candidate(
            id=f"0.{number}",
            operator="solve",
            text=answer,
            answer=answer,
            scores=(Score(scorer="orm", value=scores[number]),) if scores else (),
        )
        for number, answer in enumerate(given)
    )
    return RefinementState(problem=MATH, candidates=pool)


def programs(*passing: bool) -> RefinementState:
    pool = tuple(
        Candidate(
            id=f"0.{number}",
            operator="solve",
            text="x",
            program="x",
            verdict=Verdict(
                passed=passes,
                status="passed" if passes else "failed",
                tests=(CaseOutcome(id="t1", status="passed" if passes else "failed"),),
                isolation=Isolation(tier="none"),
            ),
        )
        for number, passes in enumerate(passing)
    )
    return RefinementState(problem=Problem(prompt="f"), candidates=pool, tests=(TEST,))


def test_constant_routers() -> None:
    assert AlwaysHard()(answers("1")).level == "hard"
    assert AlwaysEasy()(answers("1")).level == "easy"


def test_agreement_router_counts_equal_answers_and_not_equal_strings() -> None:
    found = AgreementRouter(threshold=0.6)(answers("4", "4.0", " 4 ", "5"))
    assert found.level == "easy"
    assert found.reasons == ("75% of 4 agree, 60% is enough",)
    assert found.features[0].value == 0.75
    assert AgreementRouter()(answers("4", "5", "6")).level == "hard"


def test_agreement_router_finds_one_sample_no_agreement() -> None:
    assert AgreementRouter()(answers("4")).level == "hard"


async def test_verdict_router_asks_execution_first() -> None:
    easy = await settle(VerdictRouter()(programs(False, True)))
    assert easy.level == "easy"
    assert easy.reasons == ("1 of 2 candidates pass the one visible test",)
    assert (await settle(VerdictRouter()(programs(False)))).level == "hard"


def test_magicore_router_needs_both_conditions_to_fail() -> None:
    spread = ("1", "2", "3", "4", "5")
    low, high = (0.1,) * 5, (0.9,) * 5
    assert MagicoreRouter()(answers(*spread, scores=low)).level == "hard"
    assert MagicoreRouter()(answers(*spread, scores=high)).level == "easy"
    assert MagicoreRouter()(answers("1", "1", "1", "1", "2", scores=low)).level == "easy"


def test_magicore_router_shows_the_papers_numbers() -> None:
    found = MagicoreRouter(running=False, mean=0.5, deviation=0.2)(
        answers("1", "2", scores=(0.4, 0.4))
    )
    quality, confidence = (feature.value for feature in found.features)
    assert quality == pytest.approx(-0.5)
    assert confidence == pytest.approx(2 - 2 / (1 + math.exp(-math.log(2))))


def test_magicore_confidence_of_half_is_an_entropy_of_ln_three() -> None:
    even = MagicoreRouter(mean=2.0)(answers("1", "2", "3", scores=(0.5, 0.5, 0.5)))
    assert even.features[1].value == pytest.approx(0.5)


ROUTERS: list[Router] = [
    AlwaysHard(),
    AlwaysEasy(),
    AgreementRouter(),
    VerdictRouter(),
    MagicoreRouter(),
]
EMPTY = [
    RefinementState(problem=MATH),
    RefinementState(problem=Problem(prompt="f"), tests=(TEST,)),
    RefinementState(
        problem=MATH,
        candidates=(Candidate(id="0.0", operator="solve", text="", unusable="nothing"),),
    ),
]


@pytest.mark.parametrize("state", EMPTY, ids=["no candidate", "no program", "unusable"])
@pytest.mark.parametrize("router", ROUTERS, ids=repr)
async def test_no_router_raises_where_there_is_nothing_to_see(
    router: Router, state: RefinementState
) -> None:
    assert (await settle(router(state))).level in ("easy", "hard")


def test_statistics_run_from_the_constants_to_what_is_seen() -> None:
    statistics = ScoreStatistics(mean=0.5, deviation=0.2, enough=4)
    assert statistics.mean == 0.5
    assert statistics.deviation == pytest.approx(0.2)
    for _ in range(400):
        statistics.note(0.9)
    assert statistics.mean == pytest.approx(0.9, abs=0.01)
    assert statistics.deviation < 0.06
