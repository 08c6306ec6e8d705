"""What a metric is, and the figures that it computes."""

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.statistics import Z_95, Interval, wilson_interval
from refinegraph.evaluation.stored_runs import StoredRuns
from refinegraph.schema import Frozen

Group = Literal[
    "correction",
    "verifiers",
    "confidence",
    "reward hacking",
    "diversity",
    "efficiency",
    "traces",
    "agents and code",
]

Unit = Literal["share", "difference", "correlation", "number", "tokens", "ratio", "distance"]
"""`share` lies in 0 to 1, `difference` is one share less another, `distance` lies in 0 to 1."""

Need = Literal[
    "labels",
    "refinements",
    "reviews",
    "scores",
    "scorers",
    "steps",
    "tests",
    "samples",
    "routing",
    "strategies",
    "sampling",
    "folders",
    "notes",
    "people",
    "authors",
    "prefixes",
    "injections",
    "code",
    "cases",
]
"""What results have to hold; `cases` means that the situation that is counted never occurred."""


class Figure(Frozen):
    """One value of a metric."""

    strategy: str = ""
    """Empty for a figure over all strategies."""
    part: str = ""
    """What the value is restricted to, such as `round 1`; empty for the whole."""
    value: float
    n: int
    """How many cases it was computed from."""
    low: float | None = None
    high: float | None = None
    """The 95 % interval: Wilson's for shares, the normal approximation for means."""


class Measurement(Frozen):
    """What a metric says of results: its figures, or the need that the results do not meet."""

    metric: str
    group: Group
    unit: Unit
    figures: tuple[Figure, ...] = ()
    missing: Need | None = None


@dataclass(frozen=True)
class Results:
    """The runs of one evaluation, or of several that follow each other."""

    folders: Mapping[str, Sequence[RunLine]]
    """Runs by the name of their evaluation, in order; `stored_runs` leaves them on disk."""

    @cached_property
    def strategies(self) -> Mapping[str, Sequence[RunLine]]:
        """Runs whose answers were judged, by strategy; with the folder's name if there are two."""
        grouped: dict[str, Sequence[RunLine]] = {}
        for folder, runs in self.folders.items():
            prefix = f"{folder}/" if len(self.folders) > 1 else ""
            by_strategy = runs.judged if isinstance(runs, StoredRuns) else _judged(runs)
            grouped |= {f"{prefix}{name}": group for name, group in by_strategy.items()}
        return grouped

    @property
    def runs(self) -> Iterator[RunLine]:
        """Every run whose answer was judged."""
        return (run for runs in self.strategies.values() for run in runs)


def _judged(runs: Sequence[RunLine]) -> dict[str, list[RunLine]]:
    grouped: dict[str, list[RunLine]] = {}
    for run in runs:
        if run.correct is not None:
            grouped.setdefault(run.strategy, []).append(run)
    return grouped


class Metric(Protocol):
    """A figure that papers report, computed from recorded runs."""

    @property
    def name(self) -> str:
        """Its name on the command line."""
        ...

    @property
    def group(self) -> Group:
        """The group that it is listed in."""
        ...

    @property
    def definition(self) -> str:
        """What it is, and how it is computed, in words."""
        ...

    @property
    def unit(self) -> Unit:
        """The unit of its values."""
        ...

    @property
    def sources(self) -> tuple[str, ...]:
        """The papers that report it."""
        ...

    @property
    def needs(self) -> tuple[Need, ...]:
        """The requirements that results have to meet."""
        ...

    def compute(self, results: Results) -> Measurement:
        """Return the figures, or the missing requirement. Calls no model."""
        ...


PerStrategy = Callable[[Sequence[RunLine]], Iterable[Figure]]
Across = Callable[[Results], Iterable[Figure]]


@dataclass(frozen=True)
class _Described:
    """What every metric that is written as a function has."""

    name: str
    group: Group
    definition: str
    unit: Unit
    sources: tuple[str, ...]
    needs: tuple[Need, ...]

    def measured(self, figures: Iterable[Figure], results: Results) -> Measurement:
        """Return the figures, or the first need that the results do not meet."""
        from refinegraph.metrics.needs import unmet

        kept = tuple(figures)
        missing = None if kept else unmet(self.needs, results)
        return Measurement(
            metric=self.name, group=self.group, unit=self.unit, figures=kept, missing=missing
        )


@dataclass(frozen=True)
class StrategyMetric(_Described):
    """A metric of the runs of one strategy."""

    function: PerStrategy

    def compute(self, results: Results) -> Measurement:
        """Return the figures of every strategy for which the metric is defined."""
        figures = (
            figure.model_copy(update={"strategy": name})
            for name, runs in results.strategies.items()
            for figure in self.function(runs)
        )
        return self.measured(figures, results)


@dataclass(frozen=True)
class ResultsMetric(_Described):
    """A metric that compares strategies or evaluations."""

    function: Across

    def compute(self, results: Results) -> Measurement:
        """Return the figures."""
        return self.measured(self.function(results), results)


def metric(
    name: str, group: Group, unit: Unit, *sources: str, needs: tuple[Need, ...] = ()
) -> Callable[[PerStrategy], StrategyMetric]:
    """Turn a function of one strategy's runs into a metric; its docstring is the definition."""

    def made(function: PerStrategy) -> StrategyMetric:
        definition = inspect.getdoc(function) or ""
        return StrategyMetric(name, group, definition, unit, sources, ("labels", *needs), function)

    return made


def metric_across(
    name: str, group: Group, unit: Unit, *sources: str, needs: tuple[Need, ...] = ()
) -> Callable[[Across], ResultsMetric]:
    """Turn a function of whole results into a metric; its docstring is the definition."""

    def made(function: Across) -> ResultsMetric:
        definition = inspect.getdoc(function) or ""
        return ResultsMetric(name, group, definition, unit, sources, ("labels", *needs), function)

    return made


def share(cases: Iterable[bool], part: str = "", *, strategy: str = "") -> list[Figure]:
    """Return the share of true cases with Wilson's interval; no figure for no cases."""
    counted = list(cases)
    interval = wilson_interval(sum(counted), len(counted))
    if interval is None:
        return []
    return [_figure(sum(counted) / len(counted), len(counted), part, strategy, interval)]


def mean(values: Iterable[float], part: str = "", *, strategy: str = "") -> list[Figure]:
    """Return the mean with the interval of the normal approximation; no figure for no values.

    Equal values have no interval, because they do not show how far other values would lie.
    """
    counted = list(values)
    n = len(counted)
    if not n:
        return []
    middle = math.fsum(counted) / n
    if len(set(counted)) == 1:
        return [_figure(middle, n, part, strategy)]
    spread = math.fsum((value - middle) ** 2 for value in counted) / (n - 1)
    half = Z_95 * math.sqrt(spread / n)
    return [_figure(middle, n, part, strategy, Interval(middle - half, middle + half))]


def number(value: float | None, n: int, part: str = "", *, strategy: str = "") -> list[Figure]:
    """Return a value without an interval; no figure if it is undefined."""
    return [] if value is None else [_figure(value, n, part, strategy)]


def _figure(
    value: float, n: int, part: str, strategy: str, interval: Interval | None = None
) -> Figure:
    low, high = interval or (None, None)
    return Figure(strategy=strategy, part=part, value=value, n=n, low=low, high=high)
