"""Outcomes of policies on every problem, and comparisons at equal cost."""

from bisect import bisect_left
from collections.abc import Sequence

from refinegraph.evaluation.statistics import bootstrap_interval, wilson_interval
from refinegraph.html.plot import Point
from refinegraph.schema import Frozen

_CURVE_POINTS = 24
"""The number of points of a curve, enough to look smooth at the width of a page."""


class Outcomes(Frozen):
    """The outcomes of one policy on the problems of one setting."""

    setting: str
    policy: str
    solved: tuple[bool, ...]
    tokens: tuple[float, ...]
    predictions: tuple[tuple[str, float, bool], ...] = ()
    """For every attempt, its kind, its predicted chance of success, and whether it succeeded."""

    @property
    def accuracy(self) -> float:
        """The share of problems that were solved."""
        return sum(self.solved) / len(self.solved)

    @property
    def mean_tokens(self) -> float:
        """Weighted tokens per problem."""
        return sum(self.tokens) / len(self.tokens)

    def within(self, ceiling: float) -> list[float]:
        """Return 1.0 for every problem solved for at most `ceiling` tokens, and 0.0 for others."""
        pairs = zip(self.solved, self.tokens, strict=True)
        return [float(solved and tokens <= ceiling) for solved, tokens in pairs]

    def spent_within(self, ceiling: float) -> float:
        """Return the mean tokens of runs that are cut off at `ceiling`."""
        return sum(min(tokens, ceiling) for tokens in self.tokens) / len(self.tokens)

    def ceiling_for(self, mean_tokens: float) -> float:
        """Return the lowest ceiling at which runs spend at least `mean_tokens` on average.

        Where they never spend as much, the ceiling is the largest cost of a run.
        """
        ceilings = sorted(set(self.tokens))
        index = bisect_left(ceilings, mean_tokens, key=self.spent_within)
        return ceilings[min(index, len(ceilings) - 1)]


class Difference(Frozen):
    """A paired difference of two accuracies with its 95 % bootstrap interval, as shares."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return the difference in percentage points."""
        return f"{100 * self.mean:+.1f} ({100 * self.low:+.1f} to {100 * self.high:+.1f})"


def paired(first: Sequence[float], second: Sequence[float]) -> Difference:
    """Return how many more of the same problems the second policy solves."""
    differences = [after - before for before, after in zip(first, second, strict=True)]
    mean = sum(differences) / len(differences)
    interval = bootstrap_interval(differences)
    low, high = (interval.low, interval.high) if interval else (mean, mean)
    return Difference(mean=mean, low=low, high=high)


def at_equal_ceiling(first: Outcomes, second: Outcomes, ceiling: float) -> Difference:
    """Compare two policies whose runs may each spend at most `ceiling` tokens."""
    return paired(first.within(ceiling), second.within(ceiling))


def at_equal_cost(baseline: Outcomes, policy: Outcomes) -> Difference:
    """Compare a policy with a baseline that may spend at least as many tokens on average.

    The baseline's runs are cut off at the lowest ceiling at which their mean cost reaches that of
    the policy.
    """
    ceiling = baseline.ceiling_for(policy.mean_tokens)
    return paired(baseline.within(ceiling), [float(solved) for solved in policy.solved])


def joined(parts: Sequence[Outcomes], setting: str) -> Outcomes:
    """Return the outcomes of one policy over several settings as those of one."""
    return Outcomes(
        setting=setting,
        policy=parts[0].policy,
        solved=tuple(solved for part in parts for solved in part.solved),
        tokens=tuple(tokens for part in parts for tokens in part.tokens),
        predictions=tuple(row for part in parts for row in part.predictions),
    )


def as_point(outcomes: Outcomes, *, curve: bool = False) -> Point:
    """Return a point of a plot; with `curve`, also the results under lower ceilings."""
    interval = wilson_interval(sum(outcomes.solved), len(outcomes.solved))
    low, high = (interval.low, interval.high) if interval else (0.0, 1.0)
    return Point(
        outcomes.policy,
        outcomes.mean_tokens,
        outcomes.accuracy,
        low,
        high,
        _curve(outcomes) if curve else (),
    )


def _curve(outcomes: Outcomes) -> tuple[tuple[float, float], ...]:
    ceilings = sorted(set(outcomes.tokens))
    stride = max(1, len(ceilings) // _CURVE_POINTS)
    chosen = [*ceilings[::stride], ceilings[-1]]
    return tuple(
        (outcomes.spent_within(ceiling), sum(outcomes.within(ceiling)) / len(outcomes.solved))
        for ceiling in dict.fromkeys(chosen)
    )
