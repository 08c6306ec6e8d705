"""Scorers without model calls, ensembles, and the aggregation of steps."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.schema import Candidate, Problem, Score
from refinegraph.testing import candidate
from refinegraph.tools.scorers import (
    Scorer,
    agreement,
    execution,
    mean_of,
    product_of,
    run_scorer,
    self_certainty,
    uncertainty_weighted,
    worst_of,
)
from refinegraph.tools.step_scores import first_bad_step, last, mean, minimum, product

PROBLEM = Problem(prompt="What is 1 + 1?", kind="math")
SOLUTION = "Step 1: 1 + 1 = 2\nStep 2: the answer is 2"


def solution(number: int = 0, text: str = SOLUTION, answer: str | None = "2") -> Candidate:
    return candidate(f"0.{number}", answer, text=text)


def constant(*values: float | None) -> Scorer:
    def score(problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        return [Score(scorer="constant", value=value) for value in values]

    return score


async def joined(scorer: Scorer, count: int = 1) -> list[float | None]:
    told = await run_scorer(scorer, PROBLEM, [solution(number) for number in range(count)])
    return [score.value for score in told.scores]


async def test_scorers_are_combined_omitting_those_without_a_value() -> None:
    low, high, none = constant(0.2, 0.4), constant(0.8, None), constant(None, None)
    assert await joined(mean_of(low, high, none), 2) == [0.5, 0.4]
    assert await joined(worst_of(low, high), 2) == [0.2, 0.4]
    assert await joined(product_of(low, constant(0.0, 0.5)), 2) == [0.2 * 0.05, 0.2]
    assert await joined(uncertainty_weighted(low, high, weight=2), 2) == [
        pytest.approx(0.5 - 2 * 0.09),
        0.4,
    ]
    assert await joined(mean_of(none), 2) == [None, None]


@pytest.mark.parametrize(
    "scorer",
    [
        execution(),
        agreement(),
        self_certainty(),
        mean_of(execution(), agreement()),
        worst_of(agreement()),
    ],
    ids=repr,
)
async def test_every_scorer_gives_one_score_a_candidate_whatever_their_order(
    scorer: Scorer,
) -> None:
    pool = [solution(0), solution(1, answer="3"), solution(2), solution(3, answer=None)]
    assert await _told(scorer, []) == {}
    forward, backward = await _told(scorer, pool), await _told(scorer, pool[::-1])
    assert forward == backward
    assert len(forward) == 4


async def _told(scorer: Scorer, pool: Sequence[Candidate]) -> dict[str, float | None]:
    told = await run_scorer(scorer, PROBLEM, pool)
    return {each.id: score.value for each, score in zip(pool, told.scores, strict=True)}


shares = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@given(shares)
def test_step_aggregations_keep_their_order(steps: list[float]) -> None:
    assert 0 <= product(steps) <= minimum(steps) <= mean(steps) + 1e-12 <= 1 + 1e-12
    assert minimum(steps) <= last(steps)


@given(shares, st.floats(0, 1))
def test_first_bad_step_is_the_first_under_the_threshold(
    steps: list[float], threshold: float
) -> None:
    found = first_bad_step(steps, threshold=threshold)
    before = steps if found is None else steps[:found]
    assert all(value >= threshold for value in before)
    assert found is None or steps[found] < threshold


@given(st.lists(st.none() | st.floats(0, 1), min_size=1, max_size=5))
def test_ensembles_keep_order_and_range_and_omit_scorers_without_a_value(
    values: list[float | None],
) -> None:
    members = [constant(value) for value in values]
    low, high, careful, strict = (
        asyncio.run(joined(make(*members)))[0]
        for make in (worst_of, mean_of, uncertainty_weighted, product_of)
    )
    if low is None or high is None or careful is None or strict is None:
        assert values == [None] * len(values)
        return
    assert low == min(value for value in values if value is not None)
    assert low <= high + 1e-9
    assert -1e-9 <= careful <= high + 1e-9
    assert 0 < strict <= max(low, 0.05) + 1e-9


def test_ensembles_have_a_repr() -> None:
    made = mean_of(execution(), product_of(agreement(), self_certainty(), floor=0.1))
    assert repr(made) == (
        "mean_of(execution(), product_of(agreement(), self_certainty(), floor=0.1))"
    )
