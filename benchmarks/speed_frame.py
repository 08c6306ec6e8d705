"""The framework of the speed benchmark: alternating contenders, ratios per round, and goals."""

import os
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from rich.table import Table

MAX_LOAD = 1.5
"""The one-minute load average above which no verdict is given: on two cores, others then use half a
core."""


class Goal(NamedTuple):
    """The target of a figure."""

    limit: float
    better: Literal["higher", "lower"]

    def is_met(self, value: float) -> bool:
        """Return whether a figure reaches the goal."""
        return value >= self.limit if self.better == "higher" else value <= self.limit

    def __str__(self) -> str:
        """Return the goal as shown in a table."""
        return f"{'at least' if self.better == 'higher' else 'at most'} {self.limit:g}"


class Row(NamedTuple):
    """A figure with one value per round, and its goal."""

    title: str
    values: tuple[float, ...]
    goal: Goal | None = None
    note: str = ""


Measure = Callable[[], Awaitable[float]]
"""Does the work of one round and returns its figure."""


@dataclass
class Contest:
    """Contenders that do the same work, one after the other in every round.

    A machine that becomes slower during the benchmark therefore slows all of them down.
    """

    contenders: dict[str, Measure]
    figures: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    async def run(self, rounds: int) -> None:
        """Measure every contender once to warm up, and then once per round."""
        for measure in self.contenders.values():
            await measure()
        for number in range(rounds):
            # Every second round goes backwards: who comes after whom should not matter.
            names = list(self.contenders) if number % 2 == 0 else list(self.contenders)[::-1]
            for name in names:
                self.figures.setdefault(name, []).append(await self.contenders[name]())

    def ratios(self, name: str, to: str) -> tuple[float, ...]:
        """Return one ratio per round; empty if one of the two did not take part."""
        if name not in self.figures or to not in self.figures:
            return ()
        pairs = zip(self.figures[name], self.figures[to], strict=True)
        return tuple(one / other for one, other in pairs)

    def differences(self, name: str, to: str) -> tuple[float, ...]:
        """Return one difference per round; empty if one of the two did not take part."""
        if name not in self.figures or to not in self.figures:
            return ()
        pairs = zip(self.figures[name], self.figures[to], strict=True)
        return tuple(one - other for one, other in pairs)


def show(title: str, rows: Sequence[Row], *, verdicts: bool) -> Table:
    """Return a table of figures with their ranges and goals."""
    table = Table(title=title, title_justify="left")
    for head in ("what", "median (range)", "goal", "verdict"):
        table.add_column(head, justify="right" if head == "median (range)" else "left")
    for row in rows:
        table.add_row(row.title, _spread(row), str(row.goal or ""), _verdict(row, verdicts))
    return table


def _spread(row: Row) -> str:
    if not row.values:
        return "-"
    low, high = min(row.values), max(row.values)
    return f"{statistics.median(row.values):.3g} ({low:.3g} to {high:.3g})"


def _verdict(row: Row, verdicts: bool) -> str:
    if not row.values:
        return row.note or "not measured"
    if row.goal is None:
        return row.note
    if not verdicts:
        return "none: the machine was busy"
    return "met" if row.goal.is_met(statistics.median(row.values)) else "missed"


def load() -> float:
    """Return the load average of the machine over the last minute."""
    return os.getloadavg()[0]
