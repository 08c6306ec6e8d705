"""Join scorers into one. A scorer that cannot tell is left out, never counted as zero."""

import asyncio
import math
import statistics
from collections.abc import Sequence

from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Problem, Score, Usage
from refinegraph.tools.scorers.basic import (
    Scored,
    Scorer,
    ask_of_pool,
    scores_alone,
    scores_unfinished,
)


class _Joined:
    """Several scorers whose values, and values of steps, become one.

    Unfinished candidates are judged by those of them that can.
    """

    name = "joined"

    def __init__(self, *scorers: Scorer) -> None:
        self.scorers = scorers
        self.scores_alone = all(map(scores_alone, scorers))
        self.scores_unfinished = any(map(scores_unfinished, scorers))

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"{type(self).__name__}({', '.join(map(repr, self.scorers))})"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a candidate, None where no scorer could tell, and what all cost."""
        told = await asyncio.gather(
            *(ask_of_pool(each, problem, candidates) for each in self.scorers)
        )
        columns = zip(*(each.scores for each in told), strict=True)
        usage = sum((each.usage for each in told), Usage())
        return Scored(tuple(map(self._join, columns)), usage)

    def join(self, values: Sequence[float]) -> float:
        """Return one value for at least one."""
        raise NotImplementedError

    def join_known(self, values: Sequence[float | None]) -> float | None:
        """Return one value of the scorers' in their order; None where none could tell."""
        known = [value for value in values if value is not None]
        return self.join(known) if known else None

    def _join(self, scores: Sequence[Score]) -> Score:
        said = "; ".join(each.evidence for each in scores if each.evidence)
        value = self.join_known([each.value for each in scores])
        return Score(scorer=self.name, value=value, steps=self._steps(scores), evidence=said)

    def _steps(self, scores: Sequence[Score]) -> tuple[float, ...]:
        """Return the joined values of the steps; the first scorer's that has any decides on how
        many steps there are."""
        count = next((len(each.steps) for each in scores if each.steps), 0)
        fitting = [each.steps if len(each.steps) == count else (None,) * count for each in scores]
        joined = (self.join_known(column) for column in zip(*fitting, strict=True))
        return tuple(value for value in joined if value is not None)


class mean_of(_Joined):
    """Average the scorers that can tell (arXiv 2310.02743).

    With `weights`, one for each scorer, it is their weighted mean.

    >>> from refinegraph.tools.scorers import agreement, execution
    >>> mean_of(execution(), agreement(), weights=(2, 1))
    mean_of(execution(), agreement(), weights=(2, 1))
    """

    name = "mean"

    def __init__(self, *scorers: Scorer, weights: Sequence[float] | None = None) -> None:
        super().__init__(*scorers)
        self.weights = None if weights is None else tuple(weights)
        given = self.weights or (1.0,) * len(scorers)
        if len(given) != len(scorers) or min(given, default=0.0) < 0 or not sum(given):
            raise InputError(
                f"mean_of was given {len(scorers)} scorers and the weights {given}; expected one "
                "for each, none below 0 and not all 0."
            )
        self._weights = given

    def __repr__(self) -> str:
        """The call that makes it."""
        weights = () if self.weights is None else (f"weights={self.weights}",)
        return f"mean_of({', '.join([*map(repr, self.scorers), *weights])})"

    def join_known(self, values: Sequence[float | None]) -> float | None:
        """Return the weighted mean of those that could tell."""
        pairs = [(w, v) for w, v in zip(self._weights, values, strict=True) if v is not None]
        total = math.fsum(weight for weight, _ in pairs)
        return math.fsum(weight * value for weight, value in pairs) / total if total else None


class worst_of(_Joined):
    """Take the lowest: worst-case optimisation against over-optimised rewards (2310.02743)."""

    name = "worst"

    def join(self, values: Sequence[float]) -> float:
        """Return the minimum."""
        return min(values)


class uncertainty_weighted(_Joined):
    """Take the mean less `weight` times the variance between scorers (arXiv 2310.02743)."""

    name = "uncertainty_weighted"

    def __init__(self, *scorers: Scorer, weight: float = 1.0) -> None:
        super().__init__(*scorers)
        self.weight = weight

    def __repr__(self) -> str:
        """The call that makes it."""
        parts = [*map(repr, self.scorers), f"weight={self.weight}"]
        return f"uncertainty_weighted({', '.join(parts)})"

    def join(self, values: Sequence[float]) -> float:
        """Return the mean less the weighted variance."""
        return math.fsum(values) / len(values) - self.weight * statistics.pvariance(values)


class product_of(_Joined):
    """Multiply values in 0 to 1, each held between `least` and 1 so that none vetoes alone."""

    name = "product"

    def __init__(self, *scorers: Scorer, least: float = 0.05) -> None:
        super().__init__(*scorers)
        self.least = least

    def __repr__(self) -> str:
        """The call that makes it."""
        parts = [*map(repr, self.scorers), f"least={self.least}"]
        return f"product_of({', '.join(parts)})"

    def join(self, values: Sequence[float]) -> float:
        """Return the product of the saturated values."""
        return math.prod(min(1.0, max(self.least, value)) for value in values)
