"""What is kept of each run of the gallery, and what it adds up to."""

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from refinegraph.evaluation.budget_curves import SIZES, CurvePoint
from refinegraph.evaluation.statistics import Z_95, Interval, wilson_interval
from refinegraph.schema import Candidate, RefinementResult

BASELINE = "sample-until"


class Size(NamedTuple):
    """What a run of the baseline would have been with so many samples at most."""

    samples: int
    tokens: float
    right: bool
    right_by_score: bool = False
    """Whether the answer with the largest sum of scores is right, for systems with a scorer."""


class Row(NamedTuple):
    """One strategy on one problem."""

    setting: str
    strategy: str
    problem: str
    right: bool
    tokens: int
    calls: int
    sizes: tuple[Size, ...] = ()
    """Of the baseline alone."""
    error: str = ""
    answered: bool = True
    """Whether the system chose an answer."""
    remarks: float = 0.0
    """Share of the simulated model's answers that say nothing; see `gallery_model`."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells the row from the others."""
        return self.setting, self.strategy, self.problem


class Summary(NamedTuple):
    """One strategy in one setting."""

    strategy: str
    problems: int
    """Including those on which it failed; 0 if it failed on all of them."""
    failed: int
    """Problems on which it raised an error, which count as not solved."""
    accuracy: float
    interval: Interval
    tokens: float
    """Per problem, over those on which it did not fail; what the others cost is unknown."""
    calls: float
    gain: float | None
    """Over the baseline with no more tokens; None where one sample costs more."""
    gain_interval: Interval | None
    reason: str
    """Of the first failure; empty where none failed."""
    unanswered: float
    """Share of the problems for which the system chose no answer."""
    remarks: float
    """Mean share of answers that say nothing."""


def sizes_of(result: RefinementResult, rights: Mapping[str, bool]) -> tuple[Size, ...]:
    """Return what a run of the baseline would have been with fewer samples.

    A run that stopped early would have stopped at the same point with a larger limit.
    """
    samples = [candidate for candidate in result.candidates if candidate.parent_id is None]
    settled = result.stop_reason.rule in ("accepted", "agreed")
    sizes: list[Size] = []
    for size in SIZES if samples else ():
        if size > len(samples) and not settled:
            break
        first = samples[:size]
        prompt = result.usage.prompt_tokens * len(first) / len(samples)
        tokens = prompt + sum(candidate.tokens for candidate in first)
        by_votes, by_score = (_winner(first, scored=scored) for scored in (False, True))
        right = rights.get(by_votes, False)
        sizes.append(Size(size, tokens, right, rights.get(by_score, False)))
    return tuple(sizes)


def _winner(samples: Sequence[Candidate], *, scored: bool) -> str:
    """Return the id of the sample with the best evidence, votes or sum of scores."""
    weights: defaultdict[str, float] = defaultdict(float)
    usable = [sample for sample in samples if sample.content is not None]
    for sample in usable:
        weights[_group(sample)] += (sample.score or 0.0) if scored else 1.0

    def rank(sample: Candidate) -> tuple[int, float]:
        passed = len(sample.verdict.passed_ids) if sample.verdict else 0
        return passed, weights[_group(sample)]

    return max(usable, key=rank).id if usable else ""


def _group(candidate: Candidate) -> str:
    return candidate.equivalence_class or candidate.content or ""


def read_rows(file: Path) -> list[Row]:
    """Read the rows; the last of several for one run, and none of a line that was cut off."""
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


def summaries(rows: Iterable[Row], *, scored: Collection[str] = ()) -> list[Summary]:
    """Return the strategies of one setting, the baseline first, then by their gain.

    Those in `scored` have a scorer, and are compared with sampling that has it too.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.strategy, []).append(row)
    baseline = {row.problem: row for row in groups.get(BASELINE, ()) if row.sizes}
    found = [
        _summary(name, group, baseline, by_score=name in scored) for name, group in groups.items()
    ]
    return sorted(found, key=_place)


def baseline_curve(rows: Iterable[Row], *, by_score: bool = False) -> list[CurvePoint]:
    """Return the accuracy of the baseline in one setting against its tokens a problem."""
    known = [row.sizes for row in rows if row.sizes]
    points: list[CurvePoint] = []
    for sizes in zip(*_equally_long(known), strict=True):
        tokens = statistics.fmean(size.tokens for size in sizes)
        rights = (size.right_by_score if by_score else size.right for size in sizes)
        if not points or tokens > points[-1].tokens:
            accuracy = statistics.fmean(rights)
            points.append(CurvePoint(samples=sizes[0].samples, tokens=tokens, accuracy=accuracy))
    return points


def _equally_long(runs: Sequence[tuple[Size, ...]]) -> list[tuple[Size, ...]]:
    shortest = min(map(len, runs), default=0)
    return [sizes[:shortest] for sizes in runs]


def _place(summary: Summary) -> tuple[bool, float]:
    return summary.strategy != BASELINE, 2.0 if summary.gain is None else -summary.gain


def _summary(
    name: str, rows: Sequence[Row], baseline: Mapping[str, Row], *, by_score: bool
) -> Summary:
    ended = [row for row in rows if not row.error]
    counted = rows if ended else ()
    rights = [row.right for row in counted]
    tokens = _mean([row.tokens for row in ended])
    gains: list[float] = []
    if name != BASELINE:
        gains = _gains(counted, tokens, baseline, by_score=by_score)
    return Summary(
        strategy=name,
        problems=len(counted),
        failed=len(rows) - len(ended),
        accuracy=_mean(rights),
        interval=wilson_interval(sum(rights), len(rights)) or Interval(0.0, 1.0),
        tokens=tokens,
        calls=_mean([row.calls for row in ended]),
        gain=statistics.fmean(gains) if gains else None,
        gain_interval=_interval(gains) if gains else None,
        reason=next((row.error for row in rows if row.error), ""),
        unanswered=_mean([not row.answered for row in ended]),
        remarks=_mean([row.remarks for row in ended]),
    )


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else 0.0


def _gains(
    rows: Sequence[Row], tokens: float, baseline: Mapping[str, Row], *, by_score: bool
) -> list[float]:
    """Return for every problem the correctness less that of the baseline for so many tokens each.

    The baseline's is that of the two numbers of samples whose mean tokens are next to the system's,
    weighed by the logarithm of tokens; so the mean of the gains is the difference of the
    accuracies. Empty if one sample costs more than the system. A system that costs more than the
    baseline's most samples is compared with those.
    """
    pairs = [(row, baseline[row.problem]) for row in rows if row.problem in baseline]
    curve = baseline_curve((other for _, other in pairs), by_score=by_score)
    if not curve or tokens < curve[0].tokens:
        return []
    weights = _weights(curve, min(tokens, curve[-1].tokens))
    return [row.right - _expected(other, weights, by_score=by_score) for row, other in pairs]


def _weights(curve: Sequence[CurvePoint], tokens: float) -> dict[int, float]:
    """Return the weights of the numbers of samples whose tokens enclose a number of tokens."""
    for left, right in pairwise(curve):
        if left.tokens <= tokens < right.tokens:
            part = math.log(tokens / left.tokens) / math.log(right.tokens / left.tokens)
            return {left.samples: 1 - part, right.samples: part}
    return {curve[-1].samples: 1.0}


def _expected(row: Row, weights: Mapping[int, float], *, by_score: bool) -> float:
    rights = {
        size.samples: float(size.right_by_score if by_score else size.right) for size in row.sizes
    }
    return sum(weight * rights[samples] for samples, weight in weights.items())


def _interval(gains: Sequence[float]) -> Interval | None:
    """Return the 95 % interval of the mean by the normal approximation; None for one problem."""
    if len(gains) < 2:
        return None
    middle = statistics.fmean(gains)
    half = Z_95 * statistics.stdev(gains) / math.sqrt(len(gains))
    return Interval(middle - half, middle + half)
