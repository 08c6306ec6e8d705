"""Beliefs about the scores of an option, for Thompson sampling."""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from refinegraph.graphs.policies.searching import SearchPolicy, check_minimum


@dataclass(frozen=True, slots=True)
class Tally:
    """Sufficient statistics of the scores of an option."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    """Sum of the squared scores."""

    @property
    def mean(self) -> float:
        """The mean score; 0 if there are none."""
        return self.total / self.count if self.count else 0.0

    @property
    def spread(self) -> float:
        """Sum of the squared distances from the mean."""
        return max(0.0, self.squares - self.count * self.mean**2)

    def minus(self, other: "Tally") -> "Tally":
        """Return the tally without the scores of another tally."""
        return Tally(
            self.count - other.count, self.total - other.total, self.squares - other.squares
        )


def tally(scores: Iterable[float]) -> Tally:
    """Return the tally of scores.

    >>> tally([0.0, 1.0]).mean
    0.5
    """
    values = list(scores)
    return Tally(len(values), math.fsum(values), math.fsum(score * score for score in values))


class Belief(Protocol):
    """Draws a possible mean score of an option."""

    def draw(self, seen: Tally, random: random.Random) -> float:
        """Return one draw from the posterior, given the observed scores."""
        ...


class NormalParameters(NamedTuple):
    """Parameters of a normal-inverse-chi-squared distribution."""

    mean: float
    kappa: float
    nu: float
    variance: float


@dataclass(frozen=True, repr=False)
class normal(SearchPolicy):
    """A normal distribution with unknown mean and variance, for scores on any scale.

    The prior is that of AB-MCTS-A (arXiv 2503.04412), designed for scores from 0 to 1: a mean of 0
    and a variance of 0.1, each with the weight of one score.
    """

    mean: float = 0.0
    kappa: float = 1.0
    nu: float = 1.0
    variance: float = 0.1

    def after(self, seen: Tally) -> NormalParameters:
        """Return the posterior parameters, given the observed scores.

        >>> normal().after(tally([1.0, 1.0])).kappa
        3.0
        """
        kappa, nu = self.kappa + seen.count, self.nu + seen.count
        away = seen.count * self.kappa * (self.mean - seen.mean) ** 2 / kappa
        return NormalParameters(
            mean=(self.kappa * self.mean + seen.total) / kappa,
            kappa=kappa,
            nu=nu,
            variance=(self.nu * self.variance + seen.spread + away) / nu,
        )

    def draw(self, seen: Tally, random: random.Random) -> float:
        """Draw a variance, then a mean given the variance."""
        posterior = self.after(seen)
        variance = posterior.nu * posterior.variance / 2 / random.gammavariate(posterior.nu / 2, 1)
        return random.gauss(posterior.mean, math.sqrt(variance / posterior.kappa))


@dataclass(frozen=True, repr=False)
class beta(SearchPolicy):
    """A beta distribution, for scores from 0 to 1; other scores are clipped to this range.

    The default prior is Jeffreys's.
    """

    wins: float = 0.5
    losses: float = 0.5

    def __post_init__(self) -> None:
        """Validate the numbers."""
        check_minimum(0, wins=self.wins, losses=self.losses)

    def draw(self, seen: Tally, random: random.Random) -> float:
        """Draw a mean."""
        won = min(max(seen.total, 0.0), seen.count)
        return random.betavariate(self.wins + won, self.losses + seen.count - won)
