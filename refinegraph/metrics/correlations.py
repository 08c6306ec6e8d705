"""Correlations and agreement of paired values."""

import math
from collections.abc import Sequence
from itertools import combinations


def pearson(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Return Pearson's correlation, or None for under three pairs or a constant side.

    >>> round(pearson([(1, 2), (2, 4), (3, 7)]), 3)
    0.993
    """
    if len(pairs) < 3:
        return None
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    mean_a, mean_b = math.fsum(first) / len(pairs), math.fsum(second) / len(pairs)
    both = math.fsum((a - mean_a) * (b - mean_b) for a, b in pairs)
    spread = math.fsum((a - mean_a) ** 2 for a in first) * math.fsum(
        (b - mean_b) ** 2 for b in second
    )
    return max(-1.0, min(1.0, both / math.sqrt(spread))) if spread > 0 else None


def kendall(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Return Kendall's tau-b (1945), which allows for ties, or None for a constant side.

    >>> kendall([(1, 1), (2, 3), (3, 2)])
    0.3333333333333333
    """
    agree = differ = tied_a = tied_b = 0
    for (a, b), (c, d) in combinations(pairs, 2):
        product = (a - c) * (b - d)
        agree += product > 0
        differ += product < 0
        tied_a += a == c
        tied_b += b == d
    whole = len(pairs) * (len(pairs) - 1) // 2
    scale = (whole - tied_a) * (whole - tied_b)
    return (agree - differ) / math.sqrt(scale) if scale > 0 else None


def cohen_kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Return Cohen's kappa (1960): agreement beyond chance; None where chance alone agrees.

    >>> cohen_kappa([(True, True), (True, False), (False, False), (False, False)])
    0.5
    """
    if not pairs:
        return None
    n = len(pairs)
    observed = sum(a == b for a, b in pairs) / n
    yes_a, yes_b = sum(a for a, _ in pairs) / n, sum(b for _, b in pairs) / n
    chance = yes_a * yes_b + (1 - yes_a) * (1 - yes_b)
    return (observed - chance) / (1 - chance) if chance < 1 else None
