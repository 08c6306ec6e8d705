"""Rank items by pairwise comparisons."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)
Pair = tuple[Name, Name]

_MAX_SWEEPS = 1000
"""A bound for pools in which the fit converges slowly; small pools take far fewer sweeps."""
_TOLERANCE = 1e-12
"""Largest change of a strength at which the fit has converged: close to float precision, so that
the result does not depend on the order of the comparisons."""


def pairs_to_compare(names: Sequence[Name], *, limit: int) -> list[Pair[Name]]:
    """Return at most `limit` pairs, neighbours first, so that every name is compared.

    Appending names does not reorder the pairs of the names before them.

    >>> pairs_to_compare(["a", "b", "c", "d"], limit=5)
    [('a', 'b'), ('b', 'c'), ('c', 'd'), ('a', 'c'), ('b', 'd')]
    """
    return list(islice(_by_distance(names), limit))


def win_rates(wins: Mapping[Pair[Name], float]) -> dict[Name, float]:
    """Return the share of points that each name won.

    The value of a pair is the first name's points: 1 for a win, 0.5 for a tie, 0 for a loss.

    >>> win_rates({("a", "b"): 1.0, ("a", "c"): 0.5})
    {'a': 0.75, 'b': 0.0, 'c': 0.5}
    """
    points: dict[Name, list[float]] = {}
    for (first, second), score in wins.items():
        points.setdefault(first, []).append(score)
        points.setdefault(second, []).append(1.0 - score)
    return {name: math.fsum(scores) / len(scores) for name, scores in points.items()}


def bradley_terry(wins: Mapping[Pair[Name], float]) -> dict[Name, float]:
    """Return each name's probability of beating an average one under the Bradley-Terry model.

    The model is fitted by minorisation-maximisation. Every name also ties once with an average
    opponent, which keeps names that always won or lost strictly between 0 and 1 and shrinks
    estimates from few comparisons towards 0.5.

    >>> {name: round(value, 2) for name, value in bradley_terry({("a", "b"): 1.0}).items()}
    {'a': 0.68, 'b': 0.32}
    """
    points = dict.fromkeys((name for pair in wins for name in pair), 0.5)
    rivals: dict[Name, list[Name]] = {name: [] for name in points}
    for (first, second), score in wins.items():
        points[first] += score
        points[second] += 1.0 - score
        rivals[first].append(second)
        rivals[second].append(first)
    strength = dict.fromkeys(points, 1.0)
    for _ in range(_MAX_SWEEPS):
        fitted = {name: _update(name, points[name], rivals[name], strength) for name in points}
        change = max((abs(fitted[name] - strength[name]) for name in points), default=0.0)
        strength = fitted
        if change < _TOLERANCE:
            break
    return {name: value / (value + 1.0) for name, value in strength.items()}


def _update(
    name: Name, points: float, rivals: Sequence[Name], strength: Mapping[Name, float]
) -> float:
    own = strength[name]
    weight = math.fsum(1.0 / (own + strength[rival]) for rival in rivals)
    return points / (weight + 1.0 / (own + 1.0))


def _by_distance(names: Sequence[Name]) -> Iterator[Pair[Name]]:
    for distance in range(1, len(names)):
        for index in range(len(names) - distance):
            yield names[index], names[index + distance]
