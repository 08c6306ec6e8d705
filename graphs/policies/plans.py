"""Compare a fresh sample with a chain of repairs by expected success per cost.

A plan is an optional sample followed by a number of repairs. Its worth is the probability that any
attempt passes, divided by its expected cost. The worth of an action is that of the best plan that
begins with it, which is the Gittins index for a search among independent options (Journal of the
Royal Statistical Society B, 1979).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from refinegraph.graphs.policies.attempts import DEEPEST, GAPS, MOST_REPEATED, Position, repair_path
from refinegraph.graphs.policies.success_rates import SHAPES, SuccessRates, add

_LONGEST = 6
"""Number of repairs that a plan looks ahead; longer chains change its worth by less than the
uncertainty of the rates."""
_UNCHANGED = (0.3, 0.7, 0.8, 0.9)
"""Share of failed repairs that leave a program unchanged, by the number of earlier repairs: on
recorded runs, a model that has repeated itself once usually does so again."""
_OPTIMISM = 0.7
"""Number of standard deviations by which an untried kind of repair is assumed to exceed its
estimate, so that it is tried. Chosen on simulated models: below 0.5 good repairs remain
undiscovered, above 1 useless ones are tried for too long."""
_LEAST_VARIANCE = 0.15
"""Minimum variance of one attempt, so that a few failures in a row do not end the search for good
repairs."""
_PRIOR_WEIGHT = 2.0
"""Number of attempts for which the built-in rates count when optimism is computed."""


_FIRST_BRANCH = Position(gap=0)
_SAME_CLASS = 0.5
"""Chance that the alternative after a failed one has a gap of the same class: a choice, about right
if a program has two alternatives in each."""


class Worth(NamedTuple):
    """The expected result of an action."""

    chance: float
    """Probability that its next attempt passes."""
    rate: float
    """Probability of success per unit of cost, of the best plan that begins with the action."""


class Planner(NamedTuple):
    """The success rates, and the attempts on one problem so far."""

    rates: SuccessRates
    failed_samples: tuple[float, ...]
    """Summed hazards of the failed samples."""
    failed_repairs: tuple[float, ...]
    sample_cost: float
    repair_cost: float
    branches: bool = False
    """Whether programs are repaired at alternative tokens."""
    optimistic: bool = True
    """Whether rarely tried kinds of repair are overestimated: appropriate for comparing actions,
    but not for deciding whether to continue."""

    def sample(
        self, path: tuple[str, ...], weight: float, details: Sequence[str], repaired: int = 0
    ) -> Worth:
        """Return the worth of a fresh sample of this kind that is new with chance `weight`.

        Otherwise it is a program that was drawn before and repaired `repaired` times.
        """
        hazards = self.rates.hazards(path, weight)
        chance = self.rates.chance("fresh", hazards, self.failed_samples)
        if self.branches:
            where = {_FIRST_BRANCH: 1.0}
        else:
            where = {Position(0, min(MOST_REPEATED, repaired)): 1 - weight}
            where[Position()] = where.get(Position(), 0.0) + weight
        return Worth(chance, self._chain(where, details, chance, self.sample_cost))

    def repair(self, path: tuple[str, ...], position: Position) -> Worth:
        """Return the worth of a repair of this kind, including the chain that it begins."""
        chance = self.rates.chance("repair", self.rates.hazards(path), self.failed_repairs)
        details = path[-1].split(" ")[3:]
        return Worth(chance, self._chain({position: 1.0}, details, 0.0, 0.0))

    def _chain(
        self,
        where: dict[Position, float],
        details: Sequence[str],
        chance: float,
        cost: float,
    ) -> float:
        """Return the highest worth among plans with increasing numbers of repairs."""
        best = chance / cost if cost else 0.0
        failed = self.failed_repairs
        for _ in range(_LONGEST):
            hazards = self._mean_hazards(where, details)
            passes = self.rates.chance("repair", hazards, failed)
            cost += (1 - chance) * self.repair_cost
            chance += (1 - chance) * passes
            best = max(best, chance / cost)
            failed, where = add(failed, hazards), _after_failure(where)
        return best

    def _mean_hazards(
        self, where: dict[Position, float], details: Sequence[str]
    ) -> tuple[float, ...]:
        total = (0.0,) * len(SHAPES)
        for position, share in where.items():
            hazards = self._optimistic(repair_path(position, details))
            total = add(total, [share * hazard for hazard in hazards])
        return total

    def _optimistic(self, path: tuple[str, ...]) -> tuple[float, ...]:
        """Return the hazards of a repair, increased while few of its kind have been seen."""
        hazards = self.rates.hazards(path)
        if not (self.rates.learn and self.optimistic):
            return hazards
        chance = self.rates.chance("repair", hazards, (0.0,) * len(SHAPES))
        variance = max(chance * (1 - chance), _LEAST_VARIANCE)
        seen = self.rates.evidence(path[:-2])
        bonus = _OPTIMISM * math.sqrt(variance / (seen + _PRIOR_WEIGHT))
        return tuple(hazard * min(0.97, chance + bonus) / chance for hazard in hazards)


def _after_failure(where: dict[Position, float]) -> dict[Position, float]:
    """Return the distribution over positions in a chain after a failed repair."""
    after: dict[Position, float] = {}
    for position, share in where.items():
        if position.gap is not None:
            later = position._replace(gap=min(len(GAPS), position.gap + 1))
            after[position] = after.get(position, 0.0) + share * _SAME_CLASS
            after[later] = after.get(later, 0.0) + share * (1 - _SAME_CLASS)
            continue
        depth, repeated, _ = position
        unchanged = _UNCHANGED[min(repeated, MOST_REPEATED)]
        same = Position(depth, min(MOST_REPEATED, repeated + 1))
        deeper = Position(min(DEEPEST, depth + 1), 0)
        after[same] = after.get(same, 0.0) + share * unchanged
        after[deeper] = after.get(deeper, 0.0) + share * (1 - unchanged)
    return after
