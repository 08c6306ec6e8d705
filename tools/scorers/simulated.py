"""A scorer of known quality, for studying strategies on simulated problems."""

import math
import random
from collections.abc import Callable, Sequence

from refinegraph.schema import Candidate, Problem, Score


class simulated_scorer:
    """Score correct candidates higher than wrong ones, with a given quality.

    The score is the sigmoid of a normal draw around +`quality` for correct candidates and
    -`quality` for wrong ones. A scorer of quality 0 guesses; the sign of the draw is right for 84 %
    of candidates at quality 1 and for 98 % at quality 2. `is_right` has to know the truth, so this
    is for experiments only.
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
        """Return the constructor call."""
        return f"simulated_scorer(quality={self.quality}, seed={self.seed})"

    def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        """Return one score per candidate, reproducibly."""
        return [
            Score(scorer="simulated", value=self._value(problem, candidate))
            for candidate in candidates
        ]

    def _value(self, problem: Problem, candidate: Candidate) -> float | None:
        if candidate.content is None:
            return None
        draw = random.Random(f"{self.seed} {problem.id} {candidate.id} {candidate.content}")
        centre = self.quality if self.is_right(problem, candidate) else -self.quality
        return 1.0 / (1.0 + math.exp(-draw.gauss(centre, 1.0)))
