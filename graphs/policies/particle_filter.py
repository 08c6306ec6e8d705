"""Particle filtering over steps."""

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass

from refinegraph.graphs.policies.base import Choice, move_decision
from refinegraph.graphs.policies.searching import (
    SearchPolicy,
    bound_reached,
    check_minimum,
    cut_moves,
    expansions,
    random_for,
    scores_by_id,
    spent,
)
from refinegraph.graphs.policies.waves import last_wave
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Decision, Feature, Move, StopReason

Resampler = Callable[[Sequence[float], int, random.Random], Sequence[int]]
"""Draws n indices according to weights that sum to 1."""


def systematic(weights: Sequence[float], n: int, random: random.Random) -> list[int]:
    """Draw indices at n evenly spaced points with one random offset.

    Every index is drawn as often as its share of n, rounded up or down.

    >>> from random import Random
    >>> systematic([0.5, 0.25, 0.25], 4, Random(0))
    [0, 0, 1, 2]
    """
    offset, index, reached = random.random(), 0, weights[0]
    drawn: list[int] = []
    for point in range(n):
        while (point + offset) / n >= reached and index < len(weights) - 1:
            index += 1
            reached += weights[index]
        drawn.append(index)
    return drawn


def multinomial(weights: Sequence[float], n: int, random: random.Random) -> list[int]:
    """Draw n indices independently according to the weights."""
    return random.choices(range(len(weights)), weights, k=n)


@dataclass(frozen=True, repr=False)
class particles(SearchPolicy):
    """Maintain n partial solutions, and resample them after every step.

    This is particle filtering (arXiv 2502.01618). After a step, the particles are resampled by the
    softmax of their scores at `temperature`: those drawn several times are continued several times,
    and finished ones remain unchanged. The search ends when all drawn particles are finished.
    Requires a scorer for unfinished text.

    The draws depend on `seed` and the number of the decision, which records how often each finished
    particle was drawn. Costs up to n candidates per step, at most `max_candidates` in total.

    Args:
        step: The operator that writes one more step.
        n: Number of particles.
        temperature: Temperature of the softmax over scores; 0 keeps only the best.
        resample: `systematic`, `multinomial`, or a function of weights, n and a random generator.
        root: The operator of the first step, by default `step`.
        seed: Seed of the draws.
        max_candidates: Maximum number of candidates.
    """

    step: str
    _: KW_ONLY
    n: int = 8
    temperature: float = 1.0
    resample: Resampler = systematic
    root: str | None = None
    seed: int = 0
    max_candidates: int = 256

    def __post_init__(self) -> None:
        """Validate the numbers."""
        check_minimum(1, n=self.n, max_candidates=self.max_candidates)
        check_minimum(0, temperature=self.temperature)

    def __call__(self, state: RefinementState) -> Choice:
        """Return a step for every drawn particle that is unfinished."""
        reason = bound_reached(state, self.max_candidates)
        if reason:
            return reason
        if not state.candidates:
            return Move(operator=self.root or self.step, count=min(self.n, self.max_candidates))
        drawn = self._draw(state)
        unfinished = [candidate.id for candidate in drawn if not candidate.complete]
        if not unfinished:
            detail = f"all {len(drawn)} particles are finished"
            return StopReason(rule="complete", detail=detail, observed=len(drawn))
        return self._decision(state, unfinished, drawn)

    def _draw(self, state: RefinementState) -> list[Candidate]:
        population = particles_of(state)
        scores = scores_by_id(state.candidates)
        values = [scores[particle.id] for particle in population]
        weights = softmax(values, self.temperature)
        drawn = self.resample(weights, self.n, random_for(state, self.seed))
        return [population[position] for position in drawn]

    def _decision(
        self, state: RefinementState, unfinished: Sequence[str], drawn: Sequence[Candidate]
    ) -> Decision:
        moves = cut_moves(expansions(self.step, unfinished), self.max_candidates - spent(state))
        finished = Counter(candidate.id for candidate in drawn if candidate.complete)
        stayed = [Feature(name=f"{_FINISHED}{id}", value=n) for id, n in finished.items()]
        return move_decision(state, moves, features=stayed)


def particles_of(state: RefinementState) -> list[Candidate]:
    """Return the particles: the results of the last step, and the finished ones that were drawn."""
    features = state.decision.features if state.decision else ()
    stayed = {
        feature.name.removeprefix(_FINISHED): int(feature.value)
        for feature in features
        if feature.name.startswith(_FINISHED)
    }
    finished = [
        candidate for candidate in state.candidates for _ in range(stayed.get(candidate.id, 0))
    ]
    return [*finished, *last_wave(state)]


def softmax(values: Sequence[float], temperature: float) -> list[float]:
    """Return the softmax of values; at temperature 0, the first best value has all the weight.

    >>> softmax([0.0, 1.0, 1.0], 0)
    [0.0, 1.0, 0.0]
    """
    top = max(values)
    if temperature == 0:
        best = list(values).index(top)
        return [float(position == best) for position in range(len(values))]
    raised = [math.exp((value - top) / temperature) for value in values]
    return [value / sum(raised) for value in raised]


_FINISHED = "finished "
