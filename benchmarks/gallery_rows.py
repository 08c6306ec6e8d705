"""Rows of the gallery benchmark and their aggregation."""

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from refinegraph.evaluation.budget_curves import SIZES, CurvePoint, CurveTally, accuracy_at
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.statistics import Interval, wilson_interval

BASELINE = "sample-until"
# Enough for the second digit of a percentage; more would only take time.
_DRAWS = 500


class Size(NamedTuple):
    """The result of a baseline run if it had been limited to a number of samples."""

    samples: int
    tokens: float
    right: bool


class Row(NamedTuple):
    """One strategy on one problem."""

    setting: str
    strategy: str
    problem: str
    right: bool
    tokens: int
    calls: int
    sizes: tuple[Size, ...] = ()
    """Only for the baseline."""
    error: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """The fields that identify the row."""
        return self.setting, self.strategy, self.problem


class Summary(NamedTuple):
    """One strategy in one setting."""

    strategy: str
    problems: int
    failed: int
    accuracy: float
    interval: Interval
    tokens: float
    calls: float
    gain: float | None
    """The gain over the baseline with no more tokens; None if a single sample costs more."""
    gain_interval: Interval | None
    reason: str
    """The reason of the first failure; empty if there was none."""


def sizes_of(line: RunLine) -> tuple[Size, ...]:
    """Return the results of a baseline run for smaller numbers of samples."""
    tally = CurveTally()
    tally.add(line)
    points = {point.samples: point for point in tally.points()}
    sizes: list[Size] = []
    for size in SIZES:
        point = points.get(size)
        if point:
            sizes.append(Size(size, point.tokens, point.accuracy > 0.5))
        elif sizes:
            sizes.append(sizes[-1]._replace(samples=size))
    return tuple(sizes)


def read_rows(file: Path) -> list[Row]:
    """Read the rows; the last one of a run counts, and truncated lines are skipped."""
    if not file.exists():
        return []
    rows: dict[tuple[str, str, str], Row] = {}
    for text in file.read_text(encoding="utf-8").splitlines():
        try:
            fields: dict[str, Any] = json.loads(text)
        except json.JSONDecodeError:
            continue
        sizes = tuple(Size(*size) for size in fields.pop("sizes"))
        row = Row(**fields, sizes=sizes)
        rows[row.key] = row
    return list(rows.values())


def summaries(rows: Iterable[Row]) -> list[Summary]:
    """Return the strategies of one setting, the baseline first, then by their gain."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.strategy, []).append(row)
    baseline = {row.problem: row for row in groups.get(BASELINE, ()) if row.sizes}
    unsorted = [_summary(name, group, baseline) for name, group in groups.items()]
    return sorted(unsorted, key=_place)


def baseline_curve(rows: Iterable[Row]) -> list[CurvePoint]:
    """Return the baseline's accuracy in one setting against its tokens per problem."""
    curves = [_numbers(row, row)[2:] for row in rows if row.sizes]
    return _curve([sum(column) / len(curves) for column in zip(*curves, strict=True)])


def _place(summary: Summary) -> tuple[bool, float]:
    return summary.strategy != BASELINE, 2.0 if summary.gain is None else -summary.gain


def _summary(name: str, rows: Sequence[Row], baseline: dict[str, Row]) -> Summary:
    completed = [row for row in rows if not row.error]
    n = len(completed)
    reason = next((row.error for row in rows if row.error), "")
    interval = wilson_interval(sum(row.right for row in completed), n) or Interval(0.0, 1.0)
    pairs = [_numbers(row, baseline[row.problem]) for row in completed if row.problem in baseline]
    gain = _gain(pairs) if name != BASELINE else None
    return Summary(
        strategy=name,
        problems=n,
        failed=len(rows) - n,
        accuracy=sum(row.right for row in completed) / n if n else 0.0,
        interval=interval,
        tokens=sum(row.tokens for row in completed) / n if n else 0.0,
        calls=sum(row.calls for row in completed) / n if n else 0.0,
        gain=gain,
        gain_interval=_bootstrap(pairs) if gain is not None else None,
        reason=reason,
    )


_Numbers = tuple[float, ...]
"""Tokens and correctness of a system, then of the baseline with every number of samples."""


def _numbers(row: Row, baseline: Row) -> _Numbers:
    tokens = [size.tokens for size in baseline.sizes]
    return (row.tokens, row.right, *tokens, *(float(size.right) for size in baseline.sizes))


def _gain(problems: Sequence[_Numbers]) -> float | None:
    """Return the accuracy minus that of the baseline with no more tokens."""
    if not problems:
        return None
    tokens, right, *baseline = [
        sum(column) / len(problems) for column in zip(*problems, strict=True)
    ]
    points = _curve(baseline)
    if not points or tokens < points[0].tokens:
        return None
    reached = accuracy_at(points, min(tokens, points[-1].tokens))
    return None if reached is None else right - reached


def _curve(baseline: Sequence[float]) -> list[CurvePoint]:
    """Return accuracy against tokens, for points that cost more than the previous one."""
    half = len(baseline) // 2
    points: list[CurvePoint] = []
    for size, tokens, accuracy in zip(SIZES, baseline[:half], baseline[half:], strict=False):
        if not points or tokens > points[-1].tokens:
            points.append(CurvePoint(samples=size, tokens=tokens, accuracy=accuracy))
    return points


def _bootstrap(problems: Sequence[_Numbers]) -> Interval | None:
    """Return the percentile bootstrap interval of the gain over problems."""
    rng = random.Random(0)
    gains = [_gain(rng.choices(problems, k=len(problems))) for _ in range(_DRAWS)]
    finite = sorted(gain for gain in gains if gain is not None)
    if len(finite) < _DRAWS // 2:
        return None
    return Interval(finite[int(0.025 * len(finite))], finite[int(0.975 * len(finite)) - 1])
