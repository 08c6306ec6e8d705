"""Success rates of samples and repairs, learned online and shared by the problems of a run.

Every problem has a latent difficulty: a Gamma frailty of mean 1 that multiplies all its hazards.
Each failure on a problem therefore lowers the expectation for the next attempt, be it a sample or a
repair (Vaupel, Manton and Stallard, 1979; for samples alone it is close to a beta-binomial). The
variation between problems is unknown, so several shapes are maintained in parallel and weighted by
how well they predicted. Rates are shrunk hierarchically: towards the rate of all repairs by this
model, which is in turn shrunk towards the built-in rates.
"""

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic import Field

from refinegraph.graphs.policies.chance_correction import (
    Correction,
    Group,
    fitted,
    group_of,
)
from refinegraph.schema import Frozen

SHAPES = (0.3, 0.6, 1.2, 2.5, 5.0, 20.0)
"""Shapes of the frailty, from problems that are almost all or nothing to nearly equal problems."""
_SHAPE_PRIOR = (0.1, 0.2, 0.25, 0.2, 0.15, 0.1)
"""Prior weights of the shapes. Real benchmarks usually mix easy and hard problems, so the middle is
more likely than the ends."""
_CELL_STRENGTH = 4.0
"""Number of attempts of one kind with the same weight as the next coarser level."""
_DETAIL_STRENGTH = 12.0
"""The same for a detail, whose attempts are already counted at the coarser level."""
_HIGHEST = 0.97
"""Upper limit of a rate, because no attempt is certain to pass."""
_MEMORY = 400.0
"""Number of attempts of one kind beyond which older ones are halved, because models and prompts
change."""
_RUNS = 4096
"""Number of runs whose last learned turn is remembered: more than any evaluation runs at once."""
NO_LIKELIHOODS = (0.0,) * len(SHAPES)
"""Log-likelihoods of the shapes before any attempt was observed."""


class Attempt(NamedTuple):
    """One sample or repair: its kind and weight before it was made, and its result."""

    path: tuple[str, ...]
    """Its kind, from coarse to fine, such as `("repair", "repair 0 0", "repair 0 0 some")`."""
    passed: bool
    family: str
    """`fresh` or `repair`; attempts of one family share the difficulty of a problem."""
    weight: float = 1.0
    """Probability that it produces anything new; a duplicate of a failure cannot pass."""


class Cell(Frozen):
    """The observations of one kind of attempt."""

    tried: float = 0.0
    passed: float = 0.0
    exposures: tuple[float, ...] = (0.0,) * len(SHAPES)
    """For every shape, the sum of attempts weighted by their chance on the given problem."""


class CostSum(Frozen):
    """The cost of the attempts of one family, in weighted tokens."""

    attempts: float = 0.0
    tokens: float = 0.0


class RateTable(Frozen):
    """Everything that was learned about one model."""

    cells: Mapping[str, Cell] = Field(default_factory=dict[str, Cell])
    likelihoods: Mapping[str, tuple[float, ...]] = Field(
        default_factory=dict[str, tuple[float, ...]]
    )
    """The log-likelihood of every shape, by family."""
    costs: Mapping[str, CostSum] = Field(default_factory=dict[str, CostSum])
    """The costs by family."""


class SuccessRates:
    """Posteriors over the success of samples and repairs of one model. Thread-safe.

    Args:
        shipped: Prior rates by kind, each as a ratio to the preceding kind in a path; 1 for kinds
            that are not listed.
        table: What was learned earlier.
        learn: Whether to continue learning. Otherwise, only the current problem is taken into
            account.
    """

    def __init__(
        self,
        shipped: Mapping[str, float],
        table: RateTable | None = None,
        *,
        learn: bool = True,
    ) -> None:
        self.shipped = shipped
        self.learn = learn
        self._lock = threading.RLock()
        table = table or RateTable()
        self._cells = dict(table.cells)
        self._likelihoods = dict(table.likelihoods)
        self._costs = dict(table.costs)
        self._shares: dict[str, tuple[float, ...]] = {}
        self._corrections: dict[str, Correction] = {}
        self._hazards: dict[tuple[tuple[str, ...], float], tuple[float, ...]] = {}
        self._learned: dict[str, int] = {}

    @property
    def table(self) -> RateTable:
        """What has been learned so far."""
        with self._lock:
            return RateTable(
                cells=dict(self._cells),
                likelihoods=dict(self._likelihoods),
                costs=dict(self._costs),
            )

    @property
    def cost_ratio(self) -> float | None:
        """The cost of a repair in samples, or None until both have been observed."""
        sample, repair = (self._costs.get(name, CostSum()) for name in ("fresh", "repair"))
        if not (sample.tokens and repair.tokens):
            return None
        return (repair.tokens / repair.attempts) / (sample.tokens / sample.attempts)

    def rate(self, path: Sequence[str], shape: int) -> float:
        """Return the pass rate of an attempt on a problem of unknown difficulty."""
        rate = 1.0
        for name in path:
            rate *= self.shipped.get(name, 1.0)
            cell = self._cells.get(name)
            if cell is not None:
                strength = _CELL_STRENGTH if name in self.shipped else _DETAIL_STRENGTH
                rate = (cell.passed + strength * rate) / (cell.exposures[shape] + strength)
        return min(_HIGHEST, rate)

    def evidence(self, path: Sequence[str]) -> float:
        """Return the number of attempts of exactly this kind."""
        cell = self._cells.get(path[-1])
        return cell.exposures[-1] if cell else 0.0

    def hazards(self, path: tuple[str, ...], weight: float = 1.0) -> tuple[float, ...]:
        """Return the hazard of an attempt for every shape."""
        with self._lock:
            hazards = self._hazards.get((path, weight))
            if hazards is None:
                hazards = self._hazards[path, weight] = tuple(
                    _hazard(min(_HIGHEST, self.rate(path, index) * weight), shape)
                    for index, shape in enumerate(SHAPES)
                )
            return hazards

    def chance(self, family: str, hazards: Sequence[float], failed: Sequence[float]) -> float:
        """Return the probability that an attempt with these hazards passes, after failed ones."""
        return self._correction(family)(self._mixed(family, hazards, failed))

    def _mixed(self, family: str, hazards: Sequence[float], failed: Sequence[float]) -> float:
        """Return the probability averaged over the shapes of the frailty."""
        terms = zip(self._posterior(family), hazards, failed, SHAPES, strict=True)
        return math.fsum(
            share * _passes(hazard, before, shape) for share, hazard, before, shape in terms
        )

    def _correction(self, family: str) -> Correction:
        """Return how predictions of a family differ from what happened."""
        with self._lock:
            correction = self._corrections.get(family)
            if correction is None:
                correction = fitted(self._predicted(family))
                self._corrections[family] = correction
            return correction

    def _predicted(self, family: str) -> Iterator[Group]:
        """Yield the results of the attempts of a family by their predicted chances."""
        start = _prediction(family, "")
        for name, cell in self._cells.items():
            if name.startswith(start):
                yield Group(int(name.removeprefix(start)), cell.tried, cell.passed)

    def observe(self, run: str, turn: int, attempts: Sequence[Attempt], start: int) -> bool:
        """Learn from the attempts from `start` on; return False if they were learned before."""
        with self._lock:
            if not self.learn or self._learned.get(run, -1) >= turn:
                return False
            self._remember(run, turn)
            failed: dict[str, Sequence[float]] = {}
            for number, attempt in enumerate(attempts):
                hazards = self.hazards(attempt.path, attempt.weight)
                before = failed.get(attempt.family, NO_LIKELIHOODS)
                if number >= start:
                    predicted = self._mixed(attempt.family, hazards, before)
                    group = _prediction(attempt.family, group_of(predicted))
                    self.count(group, tried=1.0, passed=attempt.passed)
                    self._learn(attempt, hazards, before)
                if attempt.passed:
                    break
                failed[attempt.family] = add(before, hazards)
            self._shares.clear()
            self._corrections.clear()
            self._hazards.clear()
            return True

    def count(self, name: str, *, tried: float, passed: float) -> None:
        """Count attempts of a kind without a family; counts may be fractional."""
        with self._lock:
            self._add(name, passed, (tried,) * len(SHAPES), tried=tried)

    def observe_cost(self, family: str, attempts: int, tokens: float) -> None:
        """Learn the cost of attempts of a family."""
        with self._lock:
            before = self._costs.get(family, CostSum())
            fade = 0.5 if before.attempts > _MEMORY else 1.0
            self._costs[family] = CostSum(
                attempts=fade * before.attempts + attempts, tokens=fade * before.tokens + tokens
            )

    def _remember(self, run: str, turn: int) -> None:
        self._learned.pop(run, None)
        self._learned[run] = turn
        if len(self._learned) > _RUNS:
            del self._learned[next(iter(self._learned))]

    def _posterior(self, family: str) -> tuple[float, ...]:
        with self._lock:
            shares = self._shares.get(family)
            if shares is None:
                shares = _shares(self._likelihoods.get(family, NO_LIKELIHOODS))
                self._shares[family] = shares
            return shares

    def _learn(self, attempt: Attempt, hazards: Sequence[float], failed: Sequence[float]) -> None:
        chances = [
            min(_HIGHEST, _passes(hazard, before, shape))
            for hazard, before, shape in zip(hazards, failed, SHAPES, strict=True)
        ]
        exposures = [
            chance / self.rate(attempt.path, index) for index, chance in enumerate(chances)
        ]
        for name in attempt.path:
            self._add(name, attempt.passed, exposures)
        logs = [math.log(chance if attempt.passed else 1 - chance) for chance in chances]
        before = self._likelihoods.get(attempt.family, NO_LIKELIHOODS)
        self._likelihoods[attempt.family] = add(before, logs)

    def _add(
        self, name: str, passed: float, exposures: Sequence[float], *, tried: float = 1.0
    ) -> None:
        cell = self._cells.get(name, Cell())
        fade = 0.5 if cell.exposures[-1] > _MEMORY else 1.0
        pairs = zip(cell.exposures, exposures, strict=True)
        self._cells[name] = Cell(
            tried=fade * cell.tried + tried,
            passed=fade * cell.passed + passed,
            exposures=tuple(fade * old + new for old, new in pairs),
        )


def _prediction(family: str, group: int | str) -> str:
    """Return the name under which attempts of a family with nearly the same prediction count."""
    return f"{family} predicted {group}"


def add(left: Sequence[float], right: Sequence[float]) -> tuple[float, ...]:
    """Add two sequences element by element."""
    return tuple(one + other for one, other in zip(left, right, strict=True))


def _hazard(rate: float, shape: float) -> float:
    """Return the hazard for which an attempt passes at this rate, averaged over problems."""
    return float(shape * ((1 - rate) ** (-1 / shape) - 1)) if rate < 1 else math.inf


def _passes(hazard: float, failed: float, shape: float) -> float:
    """Return the probability to pass after failures with this summed hazard (Gamma frailty)."""
    return float(1 - ((shape + failed) / (shape + failed + hazard)) ** shape)


def _shares(likelihoods: Sequence[float]) -> tuple[float, ...]:
    best = max(likelihoods)
    weights = [
        prior * math.exp(likelihood - best)
        for prior, likelihood in zip(_SHAPE_PRIOR, likelihoods, strict=True)
    ]
    total = math.fsum(weights)
    return tuple(weight / total for weight in weights)
