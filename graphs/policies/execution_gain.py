"""A controller for code with visible tests: sample or repair, whichever gains more for its tokens.

A run is over when a program passes. Until then a fresh sample brings one with the chance that it is
a new program at all (Good and Turing's estimate from those seen once, Biometrika 1953) times the
chance that a new one passes; a repair with the chance that it changes anything times the rate at
which such repairs pass. The rates are Beta posteriors that start from a prior and learn from the
run alone, so that each decision can be replayed from the numbers that it keeps.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from refinegraph.awaiting import settle
from refinegraph.graphs.policies.base import (
    fingerprint,
    refinable,
    refine_decision,
    sample_decision,
    stop_decision,
)
from refinegraph.graphs.policies.gain_estimate import Action, features_of, numbers_of
from refinegraph.graphs.policies.refine_loop import easy
from refinegraph.graphs.policies.repair_rates import Posterior
from refinegraph.graphs.routing import Router, ask_router
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.stopping import RuleFunction, as_rule
from refinegraph.schema import Candidate, Decision, Difficulty, Feature, StopReason

FRESH = Posterior(yes=1, no=2)
"""Before anything is seen: how often a new program passes."""
FIX_CLOSE = Posterior(yes=1, no=2)
"""How often a repair passes where the program passed some of the tests."""
FIX_FAR = Posterior(yes=1, no=4)
"""How often a repair passes where the program passed none (a smaller share: 2604.10508)."""
REPAIR_TOKENS = 1.5
"""What a review and a refinement cost, in samples."""


class CodeNumbers(NamedTuple):
    """Everything that a choice is made from."""

    new: float
    """The chance that a fresh sample is a program not seen yet."""
    fresh: float
    """The chance that a new program passes."""
    unfixed: float
    """The chance that no repair of the next round passes."""
    samples: int
    """How many would be sampled next; 0 for none."""
    repairs: int
    """How many programs would be repaired next; 0 for none."""
    tokens: float
    """Completion tokens of one sample, as seen so far."""
    price: float
    """The chance of a solution that a thousand tokens have to bring."""

    @property
    def sample_gain(self) -> float:
        """The chance that one of the next samples passes."""
        return 1 - (1 - self.new * self.fresh) ** self.samples

    @property
    def repair_gain(self) -> float:
        """The chance that one of the next repairs passes."""
        return 1 - self.unfixed

    @property
    def features(self) -> tuple[Feature, ...]:
        """The numbers, to be kept with the decision."""
        return features_of(self)

    @classmethod
    def of(cls, decision: Decision) -> "CodeNumbers":
        """Return the numbers that a decision was made from."""
        return numbers_of(decision, cls)


def choose_for_code(numbers: CodeNumbers) -> Action:
    """Return the action with the higher chance for its tokens; stop where none is worth the price.

    >>> CodeNumbers(new=0.3, fresh=0.2, unfixed=0.7, samples=2, repairs=1, tokens=100, price=0)
    CodeNumbers(new=0.3, fresh=0.2, unfixed=0.7, samples=2, repairs=1, tokens=100, price=0)
    >>> choose_for_code(_)
    'refine'
    """
    best: Action = "stop"
    worth = numbers.price / 1_000
    if numbers.samples:
        gain = numbers.sample_gain / (numbers.samples * numbers.tokens)
        if gain > worth:
            best, worth = "sample", gain
    if numbers.repairs:
        cost = numbers.repairs * REPAIR_TOKENS * numbers.tokens
        if numbers.repair_gain / cost > worth:
            best = "refine"
    return best


class ExecutionGain:
    """Sample, repair or stop, by what each is expected to bring for its tokens.

    `most` bounds all candidates together, `width` the programs repaired in one round. `price` is
    the chance of a solution that a thousand completion tokens have to bring; 0 goes on to `most`.
    """

    def __init__(
        self,
        *,
        router: Router,
        stop: RuleFunction,
        most: int = 10,
        width: int = 2,
        price: float = 0.0,
    ) -> None:
        self.router = router
        self.stop = as_rule(stop)
        self.most = most
        self.width = width
        self.price = price

    async def __call__(self, state: RefinementState) -> Decision:
        """Choose by the numbers, which the decision keeps."""
        difficulty = await ask_router(self.router, state)
        targets = refinable(state, width=self.width)[: self._left(state)]
        numbers = self._numbers(state, targets)
        action = choose_for_code(numbers)
        reason = await settle(self.stop(state)) or self._over(state, difficulty, action)
        if reason:
            decision = stop_decision(state, reason, difficulty)
        elif action == "refine":
            decision = refine_decision(state, targets, difficulty)
        else:
            decision = sample_decision(state, numbers.samples, difficulty)
        return decision.model_copy(update={"features": numbers.features})

    def __repr__(self) -> str:
        """The call that makes it."""
        return (
            f"ExecutionGain(router={self.router!r}, stop={self.stop!r}, most={self.most}, "
            f"width={self.width}, price={self.price})"
        )

    def _over(
        self, state: RefinementState, difficulty: Difficulty, action: Action
    ) -> StopReason | None:
        if difficulty.level == "easy":
            return easy(difficulty)
        if self._left(state) <= 0:
            made = len(state.candidates)
            detail = f"{made} of {self.most} candidates were made"
            return StopReason(rule="samples", detail=detail, observed=made, limit=self.most)
        if action == "stop":
            detail = "neither samples nor repairs are worth their price"
            return StopReason(rule="gain", detail=detail, limit=self.price)
        return None

    def _left(self, state: RefinementState) -> int:
        return self.most - len(state.candidates)

    def _numbers(self, state: RefinementState, targets: Sequence[Candidate]) -> CodeNumbers:
        drawn = Counter(fingerprint(each) for each in state.candidates if each.parent_id is None)
        made = [each.tokens for each in state.candidates if each.tokens]
        repairs = [each for each in state.candidates if each.parent_id is not None]
        before = {each.id: fingerprint(each) for each in state.candidates}
        changed = sum(fingerprint(each) not in _older(before, each.id) for each in repairs)
        brings_new = (changed + 1) / (len(repairs) + 1)
        unfixed = 1.0
        for each in targets:
            prior = FIX_CLOSE if _is_close(each) else FIX_FAR
            unfixed *= 1 - brings_new * prior.updated(0, changed).mean
        return CodeNumbers(
            new=chance_of_new(list(drawn.values())),
            fresh=FRESH.updated(0, len(drawn)).mean,
            unfixed=unfixed,
            samples=max(0, min(self._left(state), len(state.candidates) or 1)),
            repairs=len(targets),
            tokens=sum(made) / len(made) if made else 1.0,
            price=self.price,
        )


def chance_of_new(counts: Sequence[int]) -> float:
    """Return the chance that one more draw is of a kind not seen yet, from how often each was.

    Good and Turing's estimate with one imagined draw that was new.

    >>> chance_of_new([1, 1]), chance_of_new([4])
    (1.0, 0.2)
    """
    return (counts.count(1) + 1) / (sum(counts) + 1)


def _older(programs: Mapping[str, str], id: str) -> set[str]:
    """Return the programs that were there before a candidate was made."""
    names = list(programs)
    return {programs[each] for each in names[: names.index(id)]}


def _is_close(candidate: Candidate) -> bool:
    return bool(candidate.verdict and candidate.verdict.passed_ids)
