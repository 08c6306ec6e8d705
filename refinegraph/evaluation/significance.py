"""Which differences between strategies are significant, and which samples are too small to tell."""

from collections.abc import Iterator, Sequence

from refinegraph.evaluation.metrics import Comparison

SIGNIFICANT = 0.05
"""The level at which a difference is called significant."""
LEAST_DIFFERING = 6
"""The number of problems on which two strategies must differ before McNemar's exact test can reach
5 %: with five, the most extreme outcome has p = 2 * 0.5 ** 5 = 0.0625."""


def tested(comparisons: Sequence[Comparison]) -> Iterator[tuple[Comparison, float | None]]:
    """Yield the comparisons that share a problem, with p-values corrected for their number."""
    pairs = [pair for pair in comparisons if pair.difference is not None]
    yield from zip(pairs, holm([pair.p_value for pair in pairs]), strict=True)


def differing(pair: Comparison) -> int:
    """Return the number of problems that exactly one of the two strategies solved."""
    return pair.only_first + pair.only_second


def is_significant(p_value: float | None) -> bool:
    """Whether a corrected p-value is below the level."""
    return p_value is not None and p_value < SIGNIFICANT


def holm(values: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected by Holm's step-down method (Holm 1979).

    >>> holm([0.01, 0.04, None])
    [0.02, 0.04, None]
    """
    known = sorted((value, place) for place, value in enumerate(values) if value is not None)
    corrected: list[float | None] = [None] * len(values)
    largest = 0.0
    for rank, (value, place) in enumerate(known):
        largest = max(largest, min(1.0, value * (len(known) - rank)))
        corrected[place] = largest
    return corrected


def p_words(value: float | None) -> str:
    """Return a p-value with two significant digits.

    >>> p_words(0.0391), p_words(0.00002)
    ('0.039', 'less than 0.001')
    """
    if value is None:
        return "–"
    return "less than 0.001" if value < 0.001 else f"{value:.2g}"
