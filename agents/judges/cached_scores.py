"""Scoring with a cache: every distinct case is scored once."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TypeVar

from refinegraph.charging import charging
from refinegraph.schema import Score
from refinegraph.tools.scorers.async_cache import AsyncCache
from refinegraph.tools.scorers.basic import ScoreBatch

Case = TypeVar("Case", bound=Hashable)


async def score_cases(
    cases: Sequence[Case | None],
    cache: AsyncCache[Case, Score],
    score: Callable[[Case], Awaitable[Score]],
    *,
    scorer: str,
) -> ScoreBatch:
    """Return one score per case and the total cost, calling `score` only for new cases.

    A case of None, which cannot be scored, and a case whose model call failed have a value of
    None. Raises the first failure if every call failed.
    """
    with charging(forward=True) as spent:
        results = iter(await cache.get_all([case for case in cases if case is not None], score))
    outcomes = [None if case is None else next(results) for case in cases]
    scores = (
        outcome
        if isinstance(outcome, Score)
        else Score(scorer=scorer, value=None, evidence=str(outcome or ""))
        for outcome in outcomes
    )
    return ScoreBatch(tuple(scores), spent.usage)
