"""A scorer of known quality, for studying strategies on simulated problems."""

import math
import random
from collections.abc import Callable, Sequence

from refinegraph.schema import Candidate, Problem, Score


class simulated_scorer:
    """Score right candidates higher than wrong ones, as far as `quality` goes.

    The score is the sigmoid of a normal draw around +`quality` for right and -`quality` for wrong
    candidates; 0 knows nothing, 1 is right 84 % of the time, 2 is right 98 %. `is_right` has to
    know the truth: this is for experiments only.
    """

    def __init__(
        self,
        is_right: Callable[[Problem, Candidate], bool],
        *,
        quality: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.is_right = is_right
        self.quality = quality
        self.seed = seed

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"simulated_scorer(quality={self.quality}, seed={self.seed})"

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score a candidate, the same each time."""
        return [Score(scorer="simulated", value=self._value(problem, each)) for each in candidates]

    def _value(self, problem: Problem, candidate: Candidate) -> float | None:
        if candidate.content is None:
            return None
        draw = random.Random(f"{self.seed} {problem.id} {candidate.id} {candidate.content}")
        centre = self.quality if self.is_right(problem, candidate) else -self.quality
        return 1.0 / (1.0 + math.exp(-draw.gauss(centre, 1.0)))
