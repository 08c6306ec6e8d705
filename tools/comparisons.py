"""From comparisons of pairs to one strength each."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)
Pair = tuple[Name, Name]

_MOST_SWEEPS = 1000
_CLOSE = 1e-12


def pairs_to_compare(names: Sequence[Name], *, limit: int) -> list[Pair[Name]]:
    """Return at most `limit` pairs, neighbours first, so that each name gets its share.

    Names added at the end leave the first pairs of the others as they were.

    >>> pairs_to_compare(["a", "b", "c", "d"], limit=5)
    [('a', 'b'), ('b', 'c'), ('c', 'd'), ('a', 'c'), ('b', 'd')]
    """
    return list(islice(_by_distance(names), limit))


def win_rates(wins: Mapping[Pair[Name], float]) -> dict[Name, float]:
    """Return each name's share of points; a pair's value is the first name's, half for a tie.

    >>> win_rates({("a", "b"): 1.0, ("a", "c"): 0.5})
    {'a': 0.75, 'b': 0.0, 'c': 0.5}
    """
    points: dict[Name, list[float]] = {}
    for (first, second), won in wins.items():
        points.setdefault(first, []).append(won)
        points.setdefault(second, []).append(1.0 - won)
    return {name: math.fsum(each) / len(each) for name, each in points.items()}


def bradley_terry(wins: Mapping[Pair[Name], float]) -> dict[Name, float]:
    """Return each name's chance to beat an average one, by Bradley and Terry's model.

    Fitted by minorisation and maximisation. Each name also ties once with an average opponent,
    so that one that always won or lost stays within 0 to 1 and sparse comparisons stay modest.

    >>> {name: round(value, 2) for name, value in bradley_terry({("a", "b"): 1.0}).items()}
    {'a': 0.68, 'b': 0.32}
    """
    points = dict.fromkeys((name for pair in wins for name in pair), 0.5)
    rivals: dict[Name, list[Name]] = {name: [] for name in points}
    for (first, second), won in wins.items():
        points[first] += won
        points[second] += 1.0 - won
        rivals[first].append(second)
        rivals[second].append(first)
    strength = dict.fromkeys(points, 1.0)
    for _ in range(_MOST_SWEEPS):
        fitted = {name: _fitted(name, points[name], rivals[name], strength) for name in points}
        moved = max((abs(fitted[name] - strength[name]) for name in points), default=0.0)
        strength = fitted
        if moved < _CLOSE:
            break
    return {name: value / (value + 1.0) for name, value in strength.items()}


def _fitted(
    name: Name, points: float, rivals: Sequence[Name], strength: Mapping[Name, float]
) -> float:
    own = strength[name]
    met = math.fsum(1.0 / (own + strength[rival]) for rival in rivals)
    return points / (met + 1.0 / (own + 1.0))


def _by_distance(names: Sequence[Name]) -> Iterator[Pair[Name]]:
    for distance in range(1, len(names)):
        for place in range(len(names) - distance):
            yield names[place], names[place + distance]
