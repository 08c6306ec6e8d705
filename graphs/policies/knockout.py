"""Tournaments: the winners of matches become parents."""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass

from refinegraph.graphs.policies.base import Choice
from refinegraph.graphs.policies.searching import (
    SearchPolicy,
    bound_reached,
    check_minimum,
    cut,
    random_for,
    score_of,
    spent,
)
from refinegraph.graphs.policies.waves import last_wave, move
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Move, Problem, StopReason
from refinegraph.support.awaiting import MaybeAwaitable, settle, wait_for_all

Match = Callable[[Problem, Candidate, Candidate], MaybeAwaitable[bool]]
"""Decides whether the first of two candidates beats the second; may be async."""


def higher_score(problem: Problem, first: Candidate, second: Candidate) -> bool:
    """Return whether the first candidate has the higher score, or an equal one and came earlier."""
    return (-score_of(first), first.sort_key) < (-score_of(second), second.sort_key)


@dataclass(frozen=True, repr=False)
class tournament(SearchPolicy):
    """Pair candidates in matches and cross the winners, until one is left.

    This is a knockout (arXiv 2411.19477) with crossover, as in evolution over answers (arXiv
    2501.09891). The candidates of the last wave are paired at random; with an odd number, one wins
    unopposed. Each winner, as the first parent, is crossed with the winner of the next match. The
    children meet in the next round, so that the field halves. The answer is selected from all
    candidates, including parents.

    The pairs depend on `seed` and the number of the decision. Costs fewer than `2 * size`
    candidates, plus the cost of `beats` for each match.

    Args:
        size: Number of fresh candidates that enter.
        crossover: The operator that combines two parents.
        beats: Decides a match, by default in favour of the higher score.
        root: The operator that produces the first field.
        seed: Seed of the pairs.
        max_candidates: Maximum number of candidates.
    """

    size: int
    _: KW_ONLY
    crossover: str = "merge"
    beats: Match = higher_score
    root: str = "solve"
    seed: int = 0
    max_candidates: int = 64

    def __post_init__(self) -> None:
        """Validate the numbers."""
        check_minimum(2, size=self.size)
        check_minimum(1, max_candidates=self.max_candidates)

    async def __call__(self, state: RefinementState) -> Choice:
        """Return the crossings of this round's winners."""
        reason = bound_reached(state, self.max_candidates)
        if reason:
            return reason
        return cut(await self._choose(state), self.max_candidates - spent(state))

    async def _choose(self, state: RefinementState) -> Choice:
        if not state.candidates:
            return Move(operator=self.root, count=self.size)
        winners = await self._winners(state)
        if len(winners) > 1:
            return [
                move(self.crossover, *pair) for pair in zip(winners, _next(winners), strict=True)
            ]
        detail = f"candidate {winners[0].id} won the tournament"
        return StopReason(rule="champion", detail=detail)

    async def _winners(self, state: RefinementState) -> list[Candidate]:
        field = list(last_wave(state))
        random_for(state, self.seed).shuffle(field)
        pairs = zip(field[::2], field[1::2], strict=False)
        winners = await wait_for_all(*(self._winner(state.problem, *pair) for pair in pairs))
        return [*winners, *(field[-1:] if len(field) % 2 else [])]

    async def _winner(self, problem: Problem, first: Candidate, second: Candidate) -> Candidate:
        return first if await settle(self.beats(problem, first, second)) else second


def _next(winners: Sequence[Candidate]) -> list[Candidate]:
    return [*winners[1:], winners[0]]
