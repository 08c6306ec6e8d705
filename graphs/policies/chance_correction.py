"""Correct predicted chances by how often the predicted attempts succeeded.

The attempt with the highest prediction is the one that is made, so predictions tend to be too high.
They also tend to differ more than the actual chances, because each kind of attempt is rare. A line
between the logits of predicted and actual chances corrects both (Platt scaling, 1999). A prior
keeps it close to the identity until there is evidence.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

_CENTER = -1.0
"""The logit where slope and shift are nearly independent of each other: that of a chance of 27 %,
typical of attempts after a failure."""
_SHIFT_VARIANCE, _SLOPE_VARIANCE = 1.0, 0.2
"""Prior variances. Chances may well be wrong by a factor of e, but hardly in their order. With a
shift variance of 0.3, a model whose repairs almost never succeed is believed for too long: of
recorded repair runs, 0.48 of the tokens are spent instead of 0.37."""
_GROUPS_PER_UNIT = 2
"""Number of groups of predictions per unit of the logit: finer ones change nothing."""
_SMALLEST, _LARGEST = -12, 8
"""The first and last group: chances of 0.25 % and 98 %."""
_STEPS = 8
"""Steps of Newton's method, which converges in four or five."""
_LONGEST_STEP = 1.0
"""Length to which a step is limited, because Newton's method can overshoot."""


class Group(NamedTuple):
    """Attempts with nearly the same predicted chance."""

    number: int
    tried: float
    passed: float


class Correction(NamedTuple):
    """A line between the logits of predicted and actual chances."""

    shift: float = 0.0
    slope: float = 1.0

    def __call__(self, chance: float) -> float:
        """Return the corrected chance.

        >>> Correction()(0.25)
        0.25
        >>> round(Correction(shift=-1.0)(0.25), 3)
        0.109
        """
        if not 0 < chance < 1:
            return chance
        return _sigmoid(_CENTER + self.shift + self.slope * (_logit(chance) - _CENTER))


def group_of(chance: float) -> int:
    """Return the number of the group of a predicted chance.

    >>> group_of(0.5), group_of(0.3), group_of(0.0)
    (0, -2, -12)
    """
    if chance <= 0:
        return _SMALLEST
    if chance >= 1:
        return _LARGEST
    return max(_SMALLEST, min(_LARGEST, round(_GROUPS_PER_UNIT * _logit(chance))))


def fitted(groups: Iterable[Group]) -> Correction:
    """Return the most probable correction, given the results of attempts.

    >>> fitted([])
    Correction(shift=0.0, slope=1.0)
    """
    points = [(group.number / _GROUPS_PER_UNIT - _CENTER, *group[1:]) for group in groups]
    shift, slope = 0.0, 1.0
    for _ in range(_STEPS):
        up, right = -shift / _SHIFT_VARIANCE, (1 - slope) / _SLOPE_VARIANCE
        aa, ab, bb = 1 / _SHIFT_VARIANCE, 0.0, 1 / _SLOPE_VARIANCE
        for x, tried, passed in points:
            chance = _sigmoid(_CENTER + shift + slope * x)
            residual, weight = passed - tried * chance, tried * chance * (1 - chance)
            up, right = up + residual, right + residual * x
            aa, ab, bb = aa + weight, ab + weight * x, bb + weight * x * x
        step = (bb * up - ab * right), (aa * right - ab * up)
        scale = 1 / max(aa * bb - ab * ab, math.hypot(*step) / _LONGEST_STEP)
        shift, slope = shift + scale * step[0], slope + scale * step[1]
    # A negative slope, which only chance can produce, would reverse the order of attempts.
    return Correction(shift, max(0.0, slope))


def _logit(chance: float) -> float:
    return math.log(chance / (1 - chance))


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))
