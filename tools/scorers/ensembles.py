"""Join scorers into one. A scorer that cannot tell is left out, never counted as zero."""

import asyncio
import math
import statistics
from collections.abc import Sequence

from refinegraph.schema import Candidate, Problem, Score, Usage
from refinegraph.tools.scorers.basic import Scored, Scorer, ask_scorer, scores_alone


class _Joined:
    """Several scorers whose values become one; steps are those of the first that has any."""

    name = "joined"

    def __init__(self, *scorers: Scorer) -> None:
        self.scorers = scorers
        self.scores_alone = all(map(scores_alone, scorers))

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"{type(self).__name__}({', '.join(map(repr, self.scorers))})"

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> Scored:
        """Return one score a candidate, None where no scorer could tell, and what all cost."""
        told = await asyncio.gather(
            *(ask_scorer(each, problem, candidates) for each in self.scorers)
        )
        columns = zip(*(each.scores for each in told), strict=True)
        usage = sum((each.usage for each in told), Usage())
        return Scored(tuple(map(self._join, columns)), usage)

    def join(self, values: Sequence[float]) -> float:
        """Return one value for at least one."""
        raise NotImplementedError

    def _join(self, scores: Sequence[Score]) -> Score:
        values = [each.value for each in scores if each.value is not None]
        steps = next((each.steps for each in scores if each.steps), ())
        said = "; ".join(each.evidence for each in scores if each.evidence)
        value = self.join(values) if values else None
        return Score(scorer=self.name, value=value, steps=steps, evidence=said)


class mean_of(_Joined):
    """Average the scorers that can tell (arXiv 2310.02743)."""

    name = "mean"

    def join(self, values: Sequence[float]) -> float:
        """Return the mean."""
        return math.fsum(values) / len(values)


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
