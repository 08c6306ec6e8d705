"""Ensembles of scorers: weights, steps, and incomplete candidates."""

from collections.abc import Sequence

import pytest

from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.scorers import Scorer, mean_of, worst_of

PROBLEM = Problem(prompt="?", kind="math")
WHOLE, PART = Candidate(id="0.0", text="a"), Candidate(id="0.1", text="b", complete=False)


class Says:
    """A scorer that gives every candidate the same scores."""

    def __init__(self, value: float, *steps: float, unfinished: bool = True) -> None:
        self.score = Score(scorer="says", value=value, steps=steps)
        self.scores_unfinished = unfinished

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        return [self.score for _ in candidates]


async def values(scorer: mean_of | worst_of) -> list[float | None]:
    return [score.value for score in (await scorer(PROBLEM, [WHOLE, PART])).scores]


async def test_an_unfinished_candidate_is_judged_by_those_that_can() -> None:
    scorer = mean_of(Says(1.0, unfinished=False), Says(0.5))
    assert scorer.scores_unfinished
    assert await values(scorer) == [0.75, 0.5]


async def test_weights_and_steps_are_joined() -> None:
    scorer = mean_of(Says(1.0, 1.0, 0.0), Says(0.0, 0.0, 0.0), weights=(3, 1))
    told = (await scorer(PROBLEM, [WHOLE])).scores[0]
    assert (told.value, told.steps) == (0.75, (0.75, 0.0))


async def test_a_scorer_with_other_steps_has_no_say_in_them() -> None:
    told = (await worst_of(Says(0.9, 0.8, 0.7), Says(0.1, 0.2))(PROBLEM, [WHOLE])).scores[0]
    assert (told.value, told.steps) == (0.1, (0.8, 0.7))


@pytest.mark.parametrize("weights", [(1,), (1, -1), (0, 0)])
def test_weights_that_do_not_fit_are_refused(weights: tuple[float, ...]) -> None:
    scorers: tuple[Scorer, Scorer] = (Says(1.0), Says(0.0))
    with pytest.raises(InputError, match="one weight per scorer, none negative and not all 0"):
        mean_of(*scorers, weights=weights)
