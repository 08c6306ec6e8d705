"""Transforming and combining rewards: their sum rewards being good on all criteria."""

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from refinegraph.graphs.policies import move, schedule
from refinegraph.graphs.search import SearchGraph
from refinegraph.graphs.selection import best_of
from refinegraph.graphs.strategies import Plan, recipe
from refinegraph.schema import Candidate, Problem, Score
from refinegraph.tools.scorers import Scorer, run_scorer


@recipe(
    "Transforming and Combining Rewards",
    paper="arXiv 2402.00742",
    ideas=["judge"],
    needs=["scorer"],
    calls="n",
    departs="The reference value is the median of the samples and chooses one; the paper takes a "
    "quantile of the base policy for each prompt and trains by the sum.",
)
def and_reward(plan: Plan) -> SearchGraph:
    """Take the sample that is good by every reward rather than very good by some."""
    samples = plan.samples or 8
    assert plan.scorer
    scorers = (plan.scorer,) if callable(plan.scorer) else tuple(plan.scorer)
    return replace(plan, scorer=log_sigmoid_sum(*scorers)).search(
        "and-reward",
        operators={"solve": plan.solver(samples=samples, temperature=0.8)},
        policy=schedule(move("solve", count=samples)),
        select=best_of(),
    )


class log_sigmoid_sum:
    """Sum the log-sigmoids of rewards, each centred at its reference value.

    Improving a good reward gains little, and a bad reward costs much. If the rewards are
    independent, the sum is the log-probability that a sample is good by all of them.
    """

    def __init__(self, *scorers: Scorer) -> None:
        self.scorers = scorers

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate, relative to the median of the pool."""
        sums = [0.0] * len(candidates)
        for scorer in self.scorers:
            scores = (await run_scorer(scorer, problem, candidates)).scores
            values = [score.value or 0.0 for score in scores]
            reference = median(values)
            sums = [s + log_sigmoid(v - reference) for s, v in zip(sums, values, strict=True)]
        return [Score(scorer="and", value=value) for value in sums]


def log_sigmoid(value: float) -> float:
    """Return the logarithm of the logistic function, without overflow."""
    return min(value, 0.0) - math.log1p(math.exp(-abs(value)))
