"""Intervals, tests and calibration measures for shares and differences."""

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

Z_95 = 1.959963984540054
_DRAWS = 2_000


class Interval(NamedTuple):
    """A 95 % interval."""

    low: float
    high: float


def wilson_interval(right: int, count: int) -> Interval | None:
    """Return the Wilson score interval of a share (Wilson 1927); None for a count of 0.

    >>> wilson_interval(8, 10)
    Interval(low=0.4901..., high=0.9433...)
    """
    if count == 0:
        return None
    share = right / count
    middle = share + Z_95**2 / (2 * count)
    spread = Z_95 * math.sqrt(share * (1 - share) / count + Z_95**2 / (4 * count**2))
    scale = 1 + Z_95**2 / count
    return Interval(max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def bootstrap_interval(values: Sequence[float], *, seed: int = 0) -> Interval | None:
    """Return the percentile bootstrap interval of a mean (Efron 1979); None for no values."""
    if not values:
        return None
    rng = random.Random(seed)
    size = len(values)
    means = sorted(math.fsum(rng.choices(values, k=size)) / size for _ in range(_DRAWS))
    return Interval(means[int(0.025 * _DRAWS)], means[int(0.975 * _DRAWS) - 1])


def relative_self_correction(before: float, after: float) -> float | None:
    """Return RSS, the position of the accuracy after correction in its range (arXiv 2412.19513).

    The range of accuracies reachable by random correction is `before ** 2` to
    `2 * before - before ** 2`. RSS is 0 at its lower end, 1 at its upper end, and 0.5 if nothing
    changed. None if `before` is 0 or 1.

    >>> relative_self_correction(0.5, 0.5)
    0.5
    """
    low, high = before**2, 2 * before - before**2
    return (after - low) / (high - low) if 0 < before < 1 else None


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least this share of all values does not exceed, or None.

    >>> quantile([3.0, 1.0, 2.0], 0.5)
    2.0
    """
    if not values:
        return None
    return sorted(values)[min(len(values) - 1, math.ceil(share * len(values)) - 1)]


def mcnemar_p(only_first: int, only_second: int) -> float | None:
    """Return the exact two-sided p-value of McNemar's test (1947) from the discordant counts.

    None if both are 0: there is nothing to test.

    >>> round(mcnemar_p(1, 8), 4)
    0.0391
    """
    differing = only_first + only_second
    if differing == 0:
        return None
    least = min(only_first, only_second)
    tail = float(sum(math.comb(differing, count) for count in range(least + 1)) / 2**differing)
    return min(1.0, 2 * tail)


def pass_at_k(samples: int, right: int, k: int) -> float | None:
    """Return the unbiased estimate of pass@k (arXiv 2107.03374).

    None if fewer than k samples were drawn.

    >>> pass_at_k(10, 3, 1)
    0.3...
    """
    if samples < k:
        return None
    return 1.0 - math.comb(samples - right, k) / math.comb(samples, k)


class Bin(NamedTuple):
    """Problems whose predicted probability falls into one bin, with the share that was right."""

    low: float
    high: float
    problems: int
    belief: float
    right: float


def reliability(beliefs: Sequence[float], rights: Sequence[bool], *, bins: int = 10) -> list[Bin]:
    """Return the non-empty bins of a reliability curve."""
    found: list[Bin] = []
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        inside = [
            (belief, right)
            for belief, right in zip(beliefs, rights, strict=True)
            if low <= belief < high or (belief == 1.0 and number == bins - 1)
        ]
        if inside:
            size = len(inside)
            mean = math.fsum(belief for belief, _ in inside) / size
            found.append(Bin(low, high, size, mean, sum(right for _, right in inside) / size))
    return found


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """Return the expected calibration error (arXiv 1706.04599); None for no bins."""
    count = sum(group.problems for group in bins)
    if count == 0:
        return None
    return math.fsum(group.problems * abs(group.belief - group.right) for group in bins) / count


def brier_score(beliefs: Sequence[float], rights: Sequence[bool]) -> float | None:
    """Return the Brier score, the mean squared error of probabilities (1950); None if empty."""
    if not beliefs:
        return None
    pairs = zip(beliefs, rights, strict=True)
    return math.fsum((belief - right) ** 2 for belief, right in pairs) / len(beliefs)
