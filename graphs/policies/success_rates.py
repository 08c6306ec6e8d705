"""How often samples and repairs succeed: learned online, shared by the problems of a run.

Every problem has a latent difficulty, a Gamma frailty of mean 1 that multiplies all its hazards, so
that each failure on a problem lowers what is expected of the next attempt, sample or repair
(Vaupel, Manton and Stallard, 1979; for samples alone it is close to a beta-binomial). How much
problems differ is unknown; several shapes are kept side by side and weighted by how well they
predicted. Rates are shrunk hierarchically: towards the rate of all repairs by this model, and that
towards rates that ship with the package.
"""

import math
import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pydantic import Field

from refinegraph.schema import Frozen

SHAPES = (0.3, 0.6, 1.2, 2.5, 5.0, 20.0)
"""Shapes of the frailty, from problems that are nearly all or nothing to problems all alike."""
_SHAPE_PRIOR = (0.1, 0.2, 0.25, 0.2, 0.15, 0.1)
"""Real benchmarks mostly mix easy and hard problems: the middle is likely, the ends are not."""
_CELL_STRENGTH = 4.0
"""Attempts of one kind that weigh as much as the level above them."""
_DETAIL_STRENGTH = 12.0
"""The same for a detail, whose attempts the level above it has counted already."""
_HIGHEST = 0.97
"""No attempt is certain: programs that pass may still come late."""
_MEMORY = 400.0
"""Attempts of one kind beyond which the older half fades, as models and prompts change."""


_RUNS = 4096
"""Runs whose last learned turn is remembered: more than any evaluation has under way."""
_NONE = (0.0,) * len(SHAPES)


class Attempt(NamedTuple):
    """One sample or repair: what was known before it, and how it ended."""

    path: tuple[str, ...]
    """Its kind, from coarse to fine, such as `("repair", "repair 0 0", "repair 0 0 some")`."""
    passed: bool
    family: str
    """`fresh` or `repair`: what shares the difficulty of a problem."""
    weight: float = 1.0
    """The chance that it brings anything new: a duplicate of a failure cannot pass."""


class Cell(Frozen):
    """What was seen of one kind of attempt."""

    tried: float = 0.0
    passed: float = 0.0
    exposures: tuple[float, ...] = (0.0,) * len(SHAPES)
    """Attempts, each weighted by how likely its problem left it to pass, for every shape."""


class CostSum(Frozen):
    """What attempts of one family cost, in weighted tokens."""

    attempts: float = 0.0
    tokens: float = 0.0


class RateTable(Frozen):
    """Everything that was learned of one model."""

    cells: Mapping[str, Cell] = Field(default_factory=dict[str, Cell])
    likelihoods: Mapping[str, tuple[float, ...]] = Field(
        default_factory=dict[str, tuple[float, ...]]
    )
    """The log-likelihood of every shape, by family: samples, repairs."""
    costs: Mapping[str, CostSum] = Field(default_factory=dict[str, CostSum])
    """By family."""


class SuccessRates:
    """Posteriors over the success of samples and repairs of one model. Safe to share by threads.

    Args:
        shipped: The rate of a kind before anything is seen, as a ratio to the kind before it in a
            path; 1 for a kind that is not named.
        table: What was learned before.
        learn: Whether it goes on learning. Without, only the problem at hand counts.
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
        self._hazards: dict[tuple[tuple[str, ...], float], tuple[float, ...]] = {}
        self._learned: dict[str, int] = {}

    @property
    def table(self) -> RateTable:
        """What was learned so far."""
        with self._lock:
            return RateTable(
                cells=dict(self._cells),
                likelihoods=dict(self._likelihoods),
                costs=dict(self._costs),
            )

    @property
    def cost_ratio(self) -> float | None:
        """The cost of a repair in samples; None before both were seen."""
        sample, repair = (self._costs.get(name, CostSum()) for name in ("fresh", "repair"))
        if not (sample.tokens and repair.tokens):
            return None
        return (repair.tokens / repair.attempts) / (sample.tokens / sample.attempts)

    def rate(self, path: Sequence[str], shape: int) -> float:
        """Return how often an attempt passes on a problem of unknown difficulty."""
        rate = 1.0
        for name in path:
            rate *= self.shipped.get(name, 1.0)
            cell = self._cells.get(name)
            if cell is not None:
                strength = _CELL_STRENGTH if name in self.shipped else _DETAIL_STRENGTH
                rate = (cell.passed + strength * rate) / (cell.exposures[shape] + strength)
        return min(_HIGHEST, rate)

    def evidence(self, path: Sequence[str]) -> float:
        """Return how many attempts of this very kind were seen."""
        cell = self._cells.get(path[-1])
        return cell.exposures[-1] if cell else 0.0

    def hazards(self, path: tuple[str, ...], weight: float = 1.0) -> tuple[float, ...]:
        """Return the hazard of an attempt for every shape."""
        with self._lock:
            known = self._hazards.get((path, weight))
            if known is None:
                known = self._hazards[path, weight] = tuple(
                    _hazard(min(_HIGHEST, self.rate(path, index) * weight), shape)
                    for index, shape in enumerate(SHAPES)
                )
            return known

    def chance(self, family: str, hazards: Sequence[float], failed: Sequence[float]) -> float:
        """Return the chance that an attempt with these hazards passes, after failed ones."""
        return float(1 - (1 - self._mixed(family, hazards, failed)) ** self._correction(family))

    def _mixed(self, family: str, hazards: Sequence[float], failed: Sequence[float]) -> float:
        """Return the chance averaged over the shapes of the frailty."""
        terms = zip(self._posterior(family), hazards, failed, SHAPES, strict=True)
        return math.fsum(
            share * _passes(hazard, before, shape) for share, hazard, before, shape in terms
        )

    def _correction(self, family: str) -> float:
        """Return by how much passes exceeded what was predicted of the attempts that were made.

        The attempt that looks best is made, so that predictions err on the high side.
        """
        made = self._cells.get(f"{family} predicted", Cell())
        return (made.passed + _CELL_STRENGTH) / (made.exposures[0] + _CELL_STRENGTH)

    def observe(self, run: str, turn: int, attempts: Sequence[Attempt], start: int) -> bool:
        """Learn from the attempts on one problem from `start` on; False if that was done before."""
        with self._lock:
            if not self.learn or self._learned.get(run, -1) >= turn:
                return False
            self._remember(run, turn)
            failed: dict[str, Sequence[float]] = {}
            for number, attempt in enumerate(attempts):
                hazards = self.hazards(attempt.path, attempt.weight)
                before = failed.get(attempt.family, _NONE)
                if number >= start:
                    predicted = self._mixed(attempt.family, hazards, before)
                    name = f"{attempt.family} predicted"
                    self._add(name, attempt.passed, (predicted,) * len(SHAPES))
                    self._learn(attempt, hazards, before)
                if attempt.passed:
                    break
                failed[attempt.family] = add(before, hazards)
            self._shares.clear()
            self._hazards.clear()
            return True

    def observe_cost(self, family: str, attempts: int, tokens: float) -> None:
        """Learn what attempts of a family cost."""
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
            known = self._shares.get(family)
            if known is None:
                known = _shares(self._likelihoods.get(family, _NONE))
                self._shares[family] = known
            return known

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
        before = self._likelihoods.get(attempt.family, _NONE)
        self._likelihoods[attempt.family] = add(before, logs)

    def _add(self, name: str, passed: bool, exposures: Sequence[float]) -> None:
        cell = self._cells.get(name, Cell())
        fade = 0.5 if cell.exposures[-1] > _MEMORY else 1.0
        pairs = zip(cell.exposures, exposures, strict=True)
        self._cells[name] = Cell(
            tried=fade * cell.tried + 1,
            passed=fade * cell.passed + passed,
            exposures=tuple(fade * old + new for old, new in pairs),
        )


def add(one: Sequence[float], other: Sequence[float]) -> tuple[float, ...]:
    """Add element by element."""
    return tuple(left + right for left, right in zip(one, other, strict=True))


def _hazard(rate: float, shape: float) -> float:
    """Return the hazard at which an attempt passes with this rate, averaged over problems."""
    return float(shape * ((1 - rate) ** (-1 / shape) - 1)) if rate < 1 else math.inf


def _passes(hazard: float, failed: float, shape: float) -> float:
    """Return the chance to pass after failures of that summed hazard (Gamma frailty)."""
    return float(1 - ((shape + failed) / (shape + failed + hazard)) ** shape)


def _shares(likelihoods: Sequence[float]) -> tuple[float, ...]:
    best = max(likelihoods)
    weights = [
        prior * math.exp(likelihood - best)
        for prior, likelihood in zip(_SHAPE_PRIOR, likelihoods, strict=True)
    ]
    total = math.fsum(weights)
    return tuple(weight / total for weight in weights)
