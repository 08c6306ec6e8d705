"""Sample until the samples agree: rules that spare samples on easy problems, and their controller.

A sampling rule is any callable from the state to a reason why the samples suffice, or None.
"""

import math
from collections.abc import Callable

from refinegraph.awaiting import MaybeAwaitable, settle
from refinegraph.graphs.policies.base import (
    Choice,
    Policy,
    as_decision,
    sample_decision,
)
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Difficulty, Feature, StopReason
from refinegraph.tools.grouping import answer_groups

SamplingRule = Callable[[RefinementState], MaybeAwaitable[str | None]]


class window:
    """Enough when the last `size` samples all give the same answer.

    Early-stopping self-consistency (arXiv 2401.10480).
    """

    def __init__(self, size: int = 3) -> None:
        self.size = size

    def __call__(self, state: RefinementState) -> str | None:
        """Look at the samples in the order in which they were asked for."""
        samples = sorted(_samples(state), key=lambda each: each.order)[-self.size :]
        if len(samples) < self.size or any(each.content is None for each in samples):
            return None
        groups = answer_groups(state.problem, samples)
        if len(groups) != 1:
            return None
        return f"the last {self.size} samples agree"

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"window({self.size})"


class decided:
    """Enough when the leading answer would win the whole vote with this probability.

    Adaptive-Consistency (arXiv 2305.11860): the votes of the first two answers are evidence for a
    coin, and the probability that it favours the leader, under a uniform prior, is compared with
    `confidence`. Difficulty-adaptive self-consistency (2408.13457) spends by the same posterior.
    """

    def __init__(self, confidence: float = 0.95) -> None:
        self.confidence = confidence

    def __call__(self, state: RefinementState) -> str | None:
        """Compare the two largest groups."""
        first, second = _leading_votes(state)
        sure = leader_probability(first, second)
        if first < 2 or sure < self.confidence:
            return None
        return f"{first} to {second} votes decide it with probability {sure:.3f}"

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"decided({self.confidence})"


def leader_probability(first: int, second: int) -> float:
    """Return the probability that a coin with these tosses favours heads, under a uniform prior.

    It is the upper half of a Beta(first + 1, second + 1) distribution, as a binomial sum.

    >>> leader_probability(0, 0)
    0.5
    >>> round(leader_probability(4, 0), 3)
    0.969
    """
    tosses = first + second + 1
    heads = sum(math.comb(tosses, count) for count in range(first + 1))
    return float(heads / 2**tosses)


class SampleFirst:
    """Sample a few at a time until a rule says that it is enough, then do as another policy.

    `step` samples are added at a time, `most` bounds all of them. Where the first samples agree,
    an easy problem costs no more than them. Where the other policy then stops at once, the reason
    is the rule's.
    """

    def __init__(self, then: Policy, *, enough: SamplingRule, most: int, step: int = 1) -> None:
        self.then = then
        self.enough = enough
        self.most = most
        self.step = step

    async def __call__(self, state: RefinementState) -> Choice:
        """Sample more, or go on to the other policy's decision."""
        samples = len(_samples(state))
        if any(decision.action == "refine" for decision in state.decisions):
            return await settle(self.then(state))
        reason = await settle(self.enough(state))
        if reason is None and samples < self.most:
            wanted = min(self.step, self.most - samples)
            return sample_decision(state, wanted, _undecided(state, samples))
        decision = as_decision(await settle(self.then(state)), state)
        if decision.stop_reason is None or decision.stop_reason.rule == "accepted":
            return decision
        return decision.model_copy(update={"stop_reason": self._reason(reason, samples)})

    def __repr__(self) -> str:
        """The call that makes it."""
        return (
            f"SampleFirst({self.then!r}, enough={self.enough!r}, most={self.most}, "
            f"step={self.step})"
        )

    def _reason(self, agreed: str | None, samples: int) -> StopReason:
        if agreed:
            return StopReason(rule="agreed", detail=agreed, observed=samples)
        detail = f"{samples} of {self.most} samples were made and they do not agree"
        return StopReason(rule="samples", detail=detail, observed=samples, limit=self.most)


def _undecided(state: RefinementState, samples: int) -> Difficulty:
    first, second = _leading_votes(state)
    return Difficulty(
        level="hard",
        reasons=(f"{first} to {second} votes of {samples} samples do not decide it",),
        features=(
            Feature(name="first_votes", value=first),
            Feature(name="second_votes", value=second),
        ),
    )


def _samples(state: RefinementState) -> list[Candidate]:
    return [each for each in state.candidates if each.parent_id is None]


def _leading_votes(state: RefinementState) -> tuple[int, int]:
    groups = answer_groups(state.problem, _samples(state))
    first, second = ([len(group) for group in groups] + [0, 0])[:2]
    return first, second
