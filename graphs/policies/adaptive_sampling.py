"""Sample until a rule is satisfied, which saves samples on easy problems.

A sampling rule is any callable from the state to the reason why the samples suffice, or None.
"""

import math
from collections.abc import Callable

from refinegraph.graphs.policies.base import (
    Choice,
    Policy,
    as_decision,
    candidates_spent,
    sample_decision,
    samples_of,
)
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.stopping import RuleFunction, as_rule
from refinegraph.schema import Difficulty, Feature, StopReason
from refinegraph.support.awaiting import MaybeAwaitable, settle
from refinegraph.tools.grouping import answer_groups

SamplingRule = Callable[[RefinementState], MaybeAwaitable[str | None]]


class last_k_agree:
    """Satisfied when the last `size` samples all give the same answer.

    This is early-stopping self-consistency (arXiv 2401.10480).
    """

    def __init__(self, size: int = 3) -> None:
        self.size = size

    def __call__(self, state: RefinementState) -> str | None:
        """Compare the latest samples, in the order of their requests."""
        samples = sorted(samples_of(state), key=lambda sample: sample.sort_key)[-self.size :]
        if len(samples) < self.size or any(sample.content is None for sample in samples):
            return None
        groups = answer_groups(state.problem, samples)
        if len(groups) != 1:
            return None
        return f"the last {self.size} samples agree"

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"last_k_agree({self.size})"


class vote_settled:
    """Satisfied when the leading answer would win the vote with probability `confidence`.

    This is Adaptive-Consistency (arXiv 2305.11860): the votes of the two leading answers are
    treated as coin tosses with a uniform prior, and the probability that the coin favours the
    leader is compared with `confidence`. Difficulty-adaptive self-consistency (arXiv 2408.13457)
    uses the same posterior.
    """

    def __init__(self, confidence: float = 0.95) -> None:
        self.confidence = confidence

    def __call__(self, state: RefinementState) -> str | None:
        """Compare the two largest groups."""
        first, second = _leading_votes(state)
        sure = leader_probability(first, second)
        # A single vote never settles anything, however low the required confidence.
        if first < 2 or sure < self.confidence:
            return None
        return f"{first} to {second} votes settle it with probability {sure:.3f}"

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"vote_settled({self.confidence})"


def leader_probability(first: int, second: int) -> float:
    """Return the probability that a coin with these tosses favours heads, under a uniform prior.

    This is the upper half of a Beta(first + 1, second + 1) distribution, as a binomial sum.

    >>> leader_probability(0, 0)
    0.5
    >>> round(leader_probability(4, 0), 3)
    0.969
    """
    tosses = first + second + 1
    heads = sum(math.comb(tosses, count) for count in range(first + 1))
    return float(heads / 2**tosses)


class settled:
    """Satisfied when the vote is settled, but never for code with visible tests.

    For such code only a passing sample counts, which `accepted()` detects.
    """

    def __init__(self, confidence: float = 0.95) -> None:
        self.confidence = confidence

    def __call__(self, state: RefinementState) -> str | None:
        """Check the votes unless tests decide."""
        return None if state.proof_ids else vote_settled(self.confidence)(state)

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"settled({self.confidence})"


class SampleUntil:
    """Sample in batches until `until` or `stop` is satisfied, then delegate to another policy.

    An easy problem costs no more than its first samples. If the other policy stops immediately, or
    if there is none, the stop reason is the rule's. Every batch costs one more request; larger
    batches save time at the cost of up to `batch_size - 1` unnecessary samples.

    Args:
        then: Decides once the samples suffice; without it, the run ends.
        until: The rule for sufficient samples.
        stop: A rule that ends the run, such as `accepted()`.
        max_candidates: Maximum number of samples.
        batch_size: Number of samples added at a time.
    """

    def __init__(
        self,
        then: Policy | None = None,
        *,
        until: SamplingRule,
        stop: RuleFunction | None = None,
        max_candidates: int,
        batch_size: int = 1,
    ) -> None:
        self.then = then
        self.until = until
        self.stop = as_rule(stop) if stop else None
        self.max_candidates = max_candidates
        self.batch_size = batch_size

    async def __call__(self, state: RefinementState) -> Choice:
        """Request more samples, or return the other policy's decision."""
        if self.then and any(decision.action == "refine" for decision in state.decisions):
            return await settle(self.then(state))
        stopped = await settle(self.stop(state)) if self.stop else None
        if stopped:
            return stopped
        samples = len(samples_of(state))
        reason = await settle(self.until(state))
        if reason is None and samples < self.max_candidates:
            count = min(self.batch_size, self.max_candidates - samples)
            return sample_decision(state, count, _undecided(state, samples))
        return await self._delegate(state, self._reason(reason, samples))

    def __repr__(self) -> str:
        """Return the constructor call."""
        then, stop = (f"{self.then!r}, " if self.then else ""), f"stop={self.stop!r}, "
        return (
            f"SampleUntil({then}until={self.until!r}, {stop if self.stop else ''}"
            f"max_candidates={self.max_candidates}, batch_size={self.batch_size})"
        )

    async def _delegate(self, state: RefinementState, reason: StopReason) -> Choice:
        if self.then is None:
            return reason
        decision = as_decision(await settle(self.then(state)), state)
        if decision.stop_reason is None or decision.stop_reason.rule == "accepted":
            return decision
        return decision.model_copy(update={"stop_reason": reason})

    def _reason(self, agreed: str | None, samples: int) -> StopReason:
        if agreed:
            return StopReason(rule="agreed", detail=agreed, observed=samples)
        detail = f"{samples} of {self.max_candidates} samples drawn without a settled vote"
        return candidates_spent(samples, self.max_candidates, detail)


def _undecided(state: RefinementState, samples: int) -> Difficulty:
    if state.proof_ids:
        reason = f"none of {samples} samples passes all {len(state.proof_ids)} visible tests"
        return Difficulty(level="hard", reasons=(reason,))
    first, second = _leading_votes(state)
    return Difficulty(
        level="hard",
        reasons=(f"{first} to {second} votes of {samples} samples do not settle it",),
        features=(
            Feature(name="first_votes", value=first),
            Feature(name="second_votes", value=second),
        ),
    )


def _leading_votes(state: RefinementState) -> tuple[int, int]:
    groups = answer_groups(state.problem, samples_of(state))
    first, second = ([len(group) for group in groups] + [0, 0])[:2]
    return first, second
