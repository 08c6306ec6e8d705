"""Combine several scorers into one. A score of None is left out and never counts as zero."""

import asyncio
import math
import statistics
from collections.abc import Sequence

from refinegraph.errors import InputError
from refinegraph.schema import Candidate, Problem, Score, Usage
from refinegraph.tools.scorers.basic import (
    ScoreBatch,
    Scorer,
    run_scorer_on_pool,
    scores_alone,
    scores_unfinished,
)


class _Joined:
    """Combine the values, and the values of steps, of several scorers.

    Unfinished candidates are judged by those scorers that support them.
    """

    name = "joined"

    def __init__(self, *scorers: Scorer) -> None:
        self.scorers = scorers
        self.scores_alone = all(map(scores_alone, scorers))
        self.scores_unfinished = any(map(scores_unfinished, scorers))

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"{type(self).__name__}({', '.join(map(repr, self.scorers))})"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> ScoreBatch:
        """Return one score per candidate and the total cost; None if no scorer has a value."""
        outputs = await asyncio.gather(
            *(run_scorer_on_pool(scorer, problem, candidates) for scorer in self.scorers)
        )
        columns = zip(*(output.scores for output in outputs), strict=True)
        usage = sum((output.usage for output in outputs), Usage())
        return ScoreBatch(tuple(map(self._join, columns)), usage)

    def join(self, values: Sequence[float]) -> float:
        """Combine at least one value."""
        raise NotImplementedError

    def join_known(self, values: Sequence[float | None]) -> float | None:
        """Combine the values in the order of the scorers; None if all of them are None."""
        present = [value for value in values if value is not None]
        return self.join(present) if present else None

    def _join(self, scores: Sequence[Score]) -> Score:
        evidence = "; ".join(score.evidence for score in scores if score.evidence)
        value = self.join_known([score.value for score in scores])
        return Score(scorer=self.name, value=value, steps=self._steps(scores), evidence=evidence)

    def _steps(self, scores: Sequence[Score]) -> tuple[float, ...]:
        """Return the combined values of the steps, as many as the first score with steps has."""
        count = next((len(score.steps) for score in scores if score.steps), 0)
        rows = [score.steps if len(score.steps) == count else (None,) * count for score in scores]
        joined = (self.join_known(column) for column in zip(*rows, strict=True))
        return tuple(value for value in joined if value is not None)


class mean_of(_Joined):
    """Return the mean of the scorers that have a value (arXiv 2310.02743).

    With `weights`, one per scorer, it is their weighted mean.

    >>> from refinegraph.tools.scorers import agreement, execution
    >>> mean_of(execution(), agreement(), weights=(2, 1))
    mean_of(execution(), agreement(), weights=(2, 1))
    """

    name = "mean"

    def __init__(self, *scorers: Scorer, weights: Sequence[float] | None = None) -> None:
        super().__init__(*scorers)
        self.weights = None if weights is None else tuple(weights)
        effective = self.weights or (1.0,) * len(scorers)
        if len(effective) != len(scorers) or min(effective, default=0.0) < 0 or not sum(effective):
            raise InputError(
                f"mean_of got {len(scorers)} scorers and the weights {effective}; expected one "
                "weight per scorer, none negative and not all 0."
            )
        self._weights = effective

    def __repr__(self) -> str:
        """Return the constructor call."""
        weights = () if self.weights is None else (f"weights={self.weights}",)
        return f"mean_of({', '.join([*map(repr, self.scorers), *weights])})"

    def join_known(self, values: Sequence[float | None]) -> float | None:
        """Return the weighted mean of the values that are not None."""
        pairs = [(w, v) for w, v in zip(self._weights, values, strict=True) if v is not None]
        total = math.fsum(weight for weight, _ in pairs)
        return math.fsum(weight * value for weight, value in pairs) / total if total else None


class worst_of(_Joined):
    """Return the lowest value: worst-case optimisation (arXiv 2310.02743)."""

    name = "worst"

    def join(self, values: Sequence[float]) -> float:
        """Return the minimum."""
        return min(values)


class uncertainty_weighted(_Joined):
    """Return the mean minus `weight` times the variance between scorers (arXiv 2310.02743)."""

    name = "uncertainty_weighted"

    def __init__(self, *scorers: Scorer, weight: float = 1.0) -> None:
        super().__init__(*scorers)
        self.weight = weight

    def __repr__(self) -> str:
        """Return the constructor call."""
        parts = [*map(repr, self.scorers), f"weight={self.weight}"]
        return f"uncertainty_weighted({', '.join(parts)})"

    def join(self, values: Sequence[float]) -> float:
        """Return the mean minus the weighted variance."""
        return math.fsum(values) / len(values) - self.weight * statistics.pvariance(values)


class product_of(_Joined):
    """Multiply values from 0 to 1, clamped to at least `floor` so that no scorer has a veto."""

    name = "product"

    def __init__(self, *scorers: Scorer, floor: float = 0.05) -> None:
        super().__init__(*scorers)
        self.floor = floor

    def __repr__(self) -> str:
        """Return the constructor call."""
        parts = [*map(repr, self.scorers), f"floor={self.floor}"]
        return f"product_of({', '.join(parts)})"

    def join(self, values: Sequence[float]) -> float:
        """Return the product of the clamped values."""
        return math.prod(min(1.0, max(self.floor, value)) for value in values)
