"""A controller that goes on while the expected gain is worth its price in tokens.

With b the belief that the best answer is right, a round of repair gains (1 - b) · fix - b · damage
(arXiv 2604.22273, 2607.17641), and more samples gain as far as they may still turn the vote. The
better of the two per token is done while it is above the price; else the loop stops.
"""

from typing import NamedTuple

from refinegraph.awaiting import settle
from refinegraph.graphs.policies.adaptive_sampling import leader_probability
from refinegraph.graphs.policies.base import (
    refinable,
    refine_decision,
    sample_decision,
    stop_decision,
)
from refinegraph.graphs.policies.calibration import SHIPPED, BeliefMap, signals_of
from refinegraph.graphs.policies.gain_estimate import Action, features_of, numbers_of
from refinegraph.graphs.policies.repair_rates import RateBook
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.stopping import RuleFunction, as_rule
from refinegraph.schema import Decision, Difficulty, Feature, StopReason
from refinegraph.tools.grouping import answer_groups

_TOKENS = 300.0
_CALLS_A_REPAIR = 2


class Numbers(NamedTuple):
    """Everything that a choice is made from."""

    belief: float
    fix: float
    damage: float
    undecided: float
    """The chance that the leading answer would lose the whole vote."""
    tokens: float
    """Completion tokens of one candidate, as seen so far."""
    samples: int
    """How many may be sampled next; 0 for none."""
    repairs: int
    """How many candidates may be repaired next; 0 for none."""
    price: float
    """The accuracy that a thousand tokens have to bring."""

    @property
    def repair_gain(self) -> float:
        """What a round of repair is expected to add to the chance of being right."""
        return (1 - self.belief) * self.fix - self.belief * self.damage

    @property
    def sample_gain(self) -> float:
        """What more samples are expected to add."""
        return (1 - self.belief) * self.undecided

    @property
    def features(self) -> tuple[Feature, ...]:
        """The numbers, to be kept with the decision."""
        return features_of(self)

    @classmethod
    def of(cls, decision: Decision) -> "Numbers":
        """Return the numbers that a decision was made from."""
        return numbers_of(decision, cls)


def choose(numbers: Numbers) -> Action:
    """Return the action with most gain per token, or stop where none is worth the price."""
    best: Action = "stop"
    worth = numbers.price / 1_000
    if numbers.samples:
        gain = numbers.sample_gain / (numbers.samples * numbers.tokens)
        if gain > worth:
            best, worth = "sample", gain
    if numbers.repairs:
        cost = numbers.repairs * _CALLS_A_REPAIR * numbers.tokens
        if numbers.repair_gain / cost > worth:
            best = "refine"
    return best


def replay(decision: Decision) -> Action:
    """Return what the numbers in a decision say; the same action, as long as no rule cut in."""
    return choose(Numbers.of(decision))


class ExpectedGain:
    """Sample, repair or stop, by what each is expected to gain for its tokens.

    `price` is the accuracy that a thousand completion tokens have to bring: 0.02 goes on while a
    thousand tokens raise the chance of being right by two points. A belief map of one's own comes
    from `fit_belief`; the rates of repair are learned across the runs that share a `RateBook`.
    A stop rule may end it sooner; a candidate that passed all visible tests always does.
    """

    def __init__(
        self,
        *,
        price: float = 0.02,
        most: int = 10,
        step: int = 2,
        width: int = 2,
        stop: RuleFunction | None = None,
        belief: BeliefMap = SHIPPED,
        rates: RateBook | None = None,
        max_rounds: int = 3,
    ) -> None:
        self.price = price
        self.most = most
        self.step = step
        self.width = width
        self.stop = as_rule(stop) if stop else None
        self.belief = belief
        self.rates = rates or RateBook()
        self.max_rounds = max_rounds

    async def __call__(self, state: RefinementState) -> Decision:
        """Choose by the numbers, which the decision keeps."""
        signals = signals_of(state)
        numbers = self._numbers(state, self.belief.probability(signals))
        self.rates.note(state, numbers.belief)
        action = choose(numbers)
        difficulty = Difficulty(
            level="easy" if action == "stop" else "hard",
            reasons=(_in_words(numbers, action),),
            features=signals,
        )
        reason = await settle(self.stop(state)) if self.stop else None
        if reason is None and action == "stop":
            reason = StopReason(rule="gain", detail=_in_words(numbers, action))
        return self._decided(state, action, reason, difficulty).model_copy(
            update={"features": numbers.features}
        )

    def __repr__(self) -> str:
        """The call that makes it."""
        return (
            f"ExpectedGain(price={self.price}, most={self.most}, step={self.step}, "
            f"width={self.width}, stop={self.stop!r}, max_rounds={self.max_rounds})"
        )

    def _decided(
        self,
        state: RefinementState,
        action: Action,
        reason: StopReason | None,
        difficulty: Difficulty,
    ) -> Decision:
        if reason:
            return stop_decision(state, reason, difficulty)
        if action == "refine":
            return refine_decision(state, refinable(state, width=self.width), difficulty)
        return sample_decision(state, self._samples_left(state), difficulty)

    def _numbers(self, state: RefinementState, belief: float) -> Numbers:
        votes = [len(group) for group in answer_groups(state.problem, state.candidates)]
        first, second = ([*votes, 0, 0])[:2]
        made = [each.tokens for each in state.candidates if each.tokens]
        repairs = len(refinable(state, width=self.width))
        following = state.round + 1
        return Numbers(
            belief=belief,
            fix=self.rates.fix(following).mean,
            damage=self.rates.damage(following).mean,
            undecided=1 - leader_probability(first, second),
            tokens=sum(made) / len(made) if made else _TOKENS,
            samples=self._samples_left(state),
            repairs=repairs if following <= self.max_rounds else 0,
            price=self.price,
        )

    def _samples_left(self, state: RefinementState) -> int:
        samples = sum(each.parent_id is None for each in state.candidates)
        return max(0, min(self.step, self.most - samples))


def _in_words(numbers: Numbers, action: Action) -> str:
    return (
        f"belief {numbers.belief:.2f}; repair would gain {numbers.repair_gain:+.3f} "
        f"(fix {numbers.fix:.2f}, damage {numbers.damage:.2f}), samples "
        f"{numbers.sample_gain:+.3f}: {action}"
    )
