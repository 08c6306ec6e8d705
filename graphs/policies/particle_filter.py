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
    check_least,
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
"""Draws n positions by weights that sum to 1."""


def systematic(weights: Sequence[float], n: int, random: random.Random) -> list[int]:
    """Draw positions at n evenly spaced points behind one random offset.

    Every position is drawn as often as its share of n says, rounded up or down.

    >>> from random import Random
    >>> systematic([0.5, 0.25, 0.25], 4, Random(0))
    [0, 0, 1, 2]
    """
    offset, position, reached = random.random(), 0, weights[0]
    drawn: list[int] = []
    for point in range(n):
        while (point + offset) / n >= reached and position < len(weights) - 1:
            position += 1
            reached += weights[position]
        drawn.append(position)
    return drawn


def multinomial(weights: Sequence[float], n: int, random: random.Random) -> list[int]:
    """Draw n positions one by one, each by the weights."""
    return random.choices(range(len(weights)), weights, k=n)


@dataclass(frozen=True, repr=False)
class particles(SearchPolicy):
    """Carry n partial solutions along, and draw anew which of them live on after every step.

    Particle filtering (arXiv 2502.01618): after a step the particles are resampled by the softmax
    of their scores over `temperature`; those drawn several times go on several times, and finished
    ones stay as they are. The search ends when every particle drawn is finished. Needs a scorer
    that judges unfinished text.

    The draws follow from `seed` and the number of the decision, and how often a finished particle
    was drawn is noted in the decision. Costs up to n candidates a step, `max_candidates` in all.

    Args:
        step: The operator that writes one more step.
        n: How many particles there are.
        temperature: Of the softmax over scores; 0 takes the best alone.
        resample: `systematic`, `multinomial`, or a function of weights, n and random numbers.
        root: The operator for the first step; `step` unless given.
        seed: Of the draws.
        max_candidates: How many candidates are asked for at most.
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
        """Check the numbers."""
        check_least(1, n=self.n, max_candidates=self.max_candidates)
        check_least(0, temperature=self.temperature)

    def __call__(self, state: RefinementState) -> Choice:
        """Return a step for every particle that was drawn unfinished."""
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
    """Return the particles: what the last step made, and the finished ones that were drawn."""
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
    """Return the softmax; at temperature 0 all the weight is on the first best value.

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
