"""Sample until the samples agree: rules that spare samples on easy problems, and their controller.

A sampling rule is any callable from the state to a reason why the samples suffice, or None.
"""

import math
from collections.abc import Callable

from refinegraph.graphs.control import Controller
from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Candidate, Decision, Difficulty, Feature
from refinegraph.tools.grouping import answer_groups

SamplingRule = Callable[[RefinementState], str | None]


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
    """Sample a few at a time until a rule says that it is enough, then do as another controller.

    `step` samples are added at a time, `most` bounds all of them. Where the first samples agree,
    an easy problem costs no more than them.
    """

    def __init__(self, then: Controller, *, enough: SamplingRule, most: int, step: int = 1) -> None:
        self.then = then
        self.enough = enough
        self.most = most
        self.step = step
        self.max_rounds = most + (getattr(then, "max_rounds", None) or most)

    def __call__(self, state: RefinementState) -> Decision:
        """Sample more, or go on to the other controller's decision."""
        samples = len(_samples(state))
        reason = self.enough(state)
        begun = any(each.action == "refine" for each in state.decisions)
        failed = any(each.round == state.round for each in state.failures)
        if begun or failed or reason or samples >= self.most:
            return self.then(state)
        first, second = _leading_votes(state)
        difficulty = Difficulty(
            level="hard",
            reasons=(f"{first} to {second} votes of {samples} samples do not decide it",),
            features=(
                Feature(name="first_votes", value=first),
                Feature(name="second_votes", value=second),
            ),
        )
        return Decision(
            number=len(state.decisions),
            round=state.round,
            action="sample",
            samples=min(self.step, self.most - samples),
            difficulty=difficulty,
        )

    def __repr__(self) -> str:
        """The call that makes it."""
        return (
            f"SampleFirst({self.then!r}, enough={self.enough!r}, most={self.most}, "
            f"step={self.step})"
        )


def _samples(state: RefinementState) -> list[Candidate]:
    return [each for each in state.candidates if each.parent_id is None]


def _leading_votes(state: RefinementState) -> tuple[int, int]:
    groups = answer_groups(state.problem, _samples(state))
    first, second = ([len(group) for group in groups] + [0, 0])[:2]
    return first, second
