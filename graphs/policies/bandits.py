"""A multi-armed bandit whose arms are policies."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Literal, TypeVar

from refinegraph.errors import InputError
from refinegraph.graphs.policies.base import Choice, Policy, as_decision
from refinegraph.graphs.policies.beliefs import Belief, Tally, normal, tally
from refinegraph.graphs.policies.searching import (
    SearchPolicy,
    bound_reached,
    check_choice,
    check_minimum,
    cut_moves,
    random_for,
    spent,
)
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Decision, Feature, Frozen, Review, StopReason
from refinegraph.support.awaiting import settle
from refinegraph.support.signatures import check_part

Item = TypeVar("Item", bound=Frozen)


@dataclass(frozen=True, repr=False)
class bandit(SearchPolicy):
    """Alternate between several policies, preferring those with better results.

    Each arm is a policy that sees only its own decisions and candidates, as if it ran alone. The
    reward of a pull is the best score among its candidates, or 0 if there are none. `"ucb1"` takes
    the arm with the highest upper confidence bound (Auer et al., 2002), `"thompson"` the one with
    the highest draw from the belief about its rewards. An arm that stops is excluded; the search
    stops when all arms have stopped.

    The name of the arm is recorded in its decisions. Costs what the arms request, at most
    `max_candidates` candidates in total.

    Args:
        arms: The policies by name.
        rule: `"ucb1"` or `"thompson"`.
        explore: Weight of the exploration term of UCB1; about the square root of 2 suits rewards
            from 0 to 1.
        belief: The belief about an arm's rewards, for Thompson sampling.
        seed: Seed of the draws.
        max_candidates: Maximum number of candidates over all arms.
    """

    arms: Mapping[str, Policy]
    _: KW_ONLY
    rule: Literal["ucb1", "thompson"] = "ucb1"
    explore: float = 1.4
    belief: Belief = normal()  # noqa: RUF009 - frozen
    seed: int = 0
    max_candidates: int = 64

    def __post_init__(self) -> None:
        """Validate the arms and numbers."""
        check_minimum(1, max_candidates=self.max_candidates)
        check_choice("rule", self.rule, "ucb1", "thompson")
        if not self.arms:
            raise InputError("a bandit needs at least one arm, such as {'tree': uct('refine')}.")
        for arm in self.arms.values():
            check_part(arm, "an arm of a bandit", "state")

    async def __call__(self, state: RefinementState) -> Choice:
        """Return the moves of the best arm that has not stopped."""
        reason = bound_reached(state, self.max_candidates)
        if reason:
            return reason
        for arm in self._preferred(state):
            view = arm_view(state, arm)
            decision = as_decision(await settle(self.arms[arm](view)), view)
            if decision.moves:
                return self._pull(state, arm, decision)
        detail = f"all {len(self.arms)} arms have stopped"
        return StopReason(rule="exhausted", detail=detail, limit=len(self.arms))

    def _pull(self, state: RefinementState, arm: str, decision: Decision) -> Decision:
        noted = Feature(name=f"{_ARM}{arm}", value=len(arm_rewards(state, arm)))
        deeper = any(move.parents for move in decision.moves)
        update = {
            "round": state.round + int(deeper),
            "moves": tuple(cut_moves(decision.moves, self.max_candidates - spent(state))),
            "features": (noted, *decision.features),
        }
        return decision.model_copy(update=update)

    def _preferred(self, state: RefinementState) -> Sequence[str]:
        """Return the arms in order of preference; ties keep the given order."""
        draws = random_for(state, self.seed)
        seen = {arm: tally(arm_rewards(state, arm)) for arm in self.arms}
        pulls = sum(rewards.count for rewards in seen.values())
        worth = {
            arm: self.belief.draw(rewards, draws)
            if self.rule == "thompson"
            else self._bound(rewards, pulls)
            for arm, rewards in seen.items()
        }
        return sorted(self.arms, key=lambda arm: -worth[arm])

    def _bound(self, rewards: Tally, pulls: int) -> float:
        if not rewards.count:
            return math.inf
        return rewards.mean + self.explore * math.sqrt(math.log(pulls) / rewards.count)


def arm_rewards(state: RefinementState, arm: str) -> list[float]:
    """Return the reward of each pull of an arm, in order."""
    best: dict[int, float] = {}
    for candidate in state.candidates:
        if candidate.score is not None:
            earlier = best.get(candidate.turn, candidate.score)
            best[candidate.turn] = max(earlier, candidate.score)
    return [best.get(decision.number, 0.0) for decision in _pulls(state, arm)]


def arm_view(state: RefinementState, arm: str) -> RefinementState:
    """Return the state as seen by one arm: only its own decisions and their results.

    Decisions, turns and rounds are renumbered as if nothing else had happened.
    """
    pulls = _pulls(state, arm)
    turns = {decision.number: position for position, decision in enumerate(pulls)}
    rounds = _own_rounds(pulls)
    candidates = [
        _changed(candidate, turn=turns[candidate.turn], round=rounds[candidate.turn])
        for candidate in state.candidates
        if candidate.turn in turns
    ]
    failures = [
        _changed(failure, turn=turns[failure.turn])
        for failure in state.failures
        if failure.turn in turns
    ]
    own = {candidate.id for candidate in candidates}
    view = {
        "candidates": tuple(candidates),
        "decisions": tuple(_own_decision(pull, turns, rounds) for pull in pulls),
        "failures": tuple(failures),
        "reviews": _own_reviews(state, own, {pull.round: rounds[pull.number] for pull in pulls}),
        "rejected": tuple(
            rejection for rejection in state.rejected if rejection.candidate_id in own
        ),
        "round": max(rounds.values(), default=0),
    }
    return state.model_copy(update=view)


_ARM = "arm "


def _pulls(state: RefinementState, arm: str) -> list[Decision]:
    return [
        decision
        for decision in state.decisions
        if decision.features and decision.features[0].name == f"{_ARM}{arm}"
    ]


def _own_rounds(pulls: Sequence[Decision]) -> dict[int, int]:
    """Return the round of each decision by its number, counting only the arm's own rounds."""
    rounds: dict[int, int] = {}
    reached = 0
    for decision in pulls:
        reached += int(any(move.parents for move in decision.moves))
        rounds[decision.number] = reached
    return rounds


def _own_decision(pull: Decision, turns: Mapping[int, int], rounds: Mapping[int, int]) -> Decision:
    number, features = turns[pull.number], pull.features[1:]
    return _changed(pull, number=number, round=rounds[pull.number], features=features)


def _own_reviews(
    state: RefinementState, own: Collection[str], rounds: Mapping[int, int]
) -> tuple[Review, ...]:
    return tuple(
        _changed(review, round=rounds.get(review.round, review.round))
        for review in state.reviews
        if review.candidate_id in own
    )


def _changed(item: Item, **update: object) -> Item:
    return item.model_copy(update=update)
