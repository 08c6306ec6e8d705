"""A policy for answers that no test decides: continue while the expected gain justifies the cost.

With b the probability that the best answer is right, a round of repair gains
(1 - b) · fix - b · damage (arXiv 2604.22273, 2607.17641), and more samples gain as far as they may
still change the vote. The policy takes the action with the highest gain per token, and stops when
none reaches the minimum.
"""

from dataclasses import dataclass

from refinegraph.graphs.policies.adaptive_sampling import leader_probability
from refinegraph.graphs.policies.base import (
    mean_tokens,
    refinable,
    refine_decision,
    sample_decision,
    samples_of,
    stop_decision,
)
from refinegraph.graphs.policies.calibration import (
    DEFAULT_CALIBRATOR,
    ConfidenceCalibrator,
    pool_features,
)
from refinegraph.graphs.policies.gain_estimate import ActionEstimate, Estimate
from refinegraph.graphs.policies.repair_rates import RepairRates
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.stopping import RuleFunction, as_rule
from refinegraph.schema import Action, Decision, Difficulty, StopReason
from refinegraph.support.awaiting import settle
from refinegraph.tools.grouping import answer_groups

_DEFAULT_TOKENS = 300.0
"""Assumed tokens of a candidate before any has been seen: a short chain of reasoning."""
_CALLS_PER_REPAIR = 2
"""A review and a refinement."""


@dataclass(frozen=True, kw_only=True)
class GainEstimate(Estimate):
    """The numbers behind one decision about answers."""

    belief: float
    """Probability that the leading answer is right."""
    fix: float
    damage: float
    undecided: float
    """Probability that the leading answer would lose the complete vote."""
    tokens: float
    """Mean completion tokens per candidate so far."""
    samples: int
    """Number of samples that may be requested next, possibly 0."""
    repairs: int
    """Number of candidates that may be repaired next, possibly 0."""

    @property
    def repair_gain(self) -> float:
        """The expected gain of a round of repair in the probability of being right."""
        return (1 - self.belief) * self.fix - self.belief * self.damage

    @property
    def sample_gain(self) -> float:
        """The expected gain of more samples."""
        return (1 - self.belief) * self.undecided


def choose(numbers: GainEstimate) -> Action:
    """Return the action with the highest gain per token, or stop if none reaches the minimum."""
    actions: list[ActionEstimate] = []
    if numbers.samples:
        cost = numbers.samples * numbers.tokens
        actions.append(ActionEstimate("sample", numbers.sample_gain, cost))
    if numbers.repairs:
        cost = numbers.repairs * _CALLS_PER_REPAIR * numbers.tokens
        actions.append(ActionEstimate("refine", numbers.repair_gain, cost))
    return numbers.best_action(actions)


def replay(decision: Decision) -> Action:
    """Return the action that follows from a decision's numbers.

    This is the action taken, unless a stop rule intervened.
    """
    return choose(GainEstimate.from_decision(decision))


class ExpectedGain:
    """Sample, repair or stop, whichever is expected to gain most for its tokens.

    A candidate that passes all visible tests always ends the run.

    Args:
        min_gain_per_1k_tokens: Minimum increase in the probability of being right that justifies
            1,000 completion tokens: 0.02 is two percentage points of accuracy.
        max_candidates: Maximum number of samples.
        batch_size: Number of samples requested at a time.
        max_refined_per_round: Number of candidates repaired per round.
        stop: A rule that may end the run earlier.
        calibrator: Estimates the confidence in a pool; `fit_calibrator` learns one from your runs.
        rates: Rates of repair and damage, learned across the runs that share them.
        max_rounds: Maximum number of repair rounds.
    """

    def __init__(
        self,
        *,
        min_gain_per_1k_tokens: float = 0.02,
        max_candidates: int = 10,
        batch_size: int = 2,
        max_refined_per_round: int = 2,
        stop: RuleFunction | None = None,
        calibrator: ConfidenceCalibrator = DEFAULT_CALIBRATOR,
        rates: RepairRates | None = None,
        max_rounds: int = 3,
    ) -> None:
        self.min_gain_per_1k_tokens = min_gain_per_1k_tokens
        self.max_candidates = max_candidates
        self.batch_size = batch_size
        self.max_refined_per_round = max_refined_per_round
        self.stop = as_rule(stop) if stop else None
        self.calibrator = calibrator
        self.rates = rates or RepairRates()
        self.max_rounds = max_rounds

    async def __call__(self, state: RefinementState) -> Decision:
        """Decide by the estimates, which the decision records."""
        features = pool_features(state)
        numbers = self._estimate(state, self.calibrator.probability(features))
        self.rates.update(state, numbers.belief)
        action = choose(numbers)
        difficulty = Difficulty(
            level="easy" if action == "stop" else "hard",
            reasons=(_in_words(numbers),),
            features=features,
        )
        reason = await settle(self.stop(state)) if self.stop else None
        if reason is None and action == "stop":
            detail = f"{_in_words(numbers)}; neither is worth its tokens"
            reason = StopReason(rule="gain", detail=detail)
        decision = self._decision(state, action, reason, difficulty)
        return decision.model_copy(update={"features": numbers.features})

    def __repr__(self) -> str:
        """Return the constructor call."""
        return (
            f"ExpectedGain(min_gain_per_1k_tokens={self.min_gain_per_1k_tokens}, "
            f"max_candidates={self.max_candidates}, batch_size={self.batch_size}, "
            f"max_refined_per_round={self.max_refined_per_round}, stop={self.stop!r}, "
            f"max_rounds={self.max_rounds})"
        )

    def _decision(
        self,
        state: RefinementState,
        action: Action,
        reason: StopReason | None,
        difficulty: Difficulty,
    ) -> Decision:
        if reason:
            return stop_decision(state, reason, difficulty)
        if action == "refine":
            targets = refinable(state, limit=self.max_refined_per_round)
            return refine_decision(state, targets, difficulty)
        return sample_decision(state, self._samples_left(state), difficulty)

    def _estimate(self, state: RefinementState, belief: float) -> GainEstimate:
        votes = [len(group) for group in answer_groups(state.problem, state.candidates)]
        first, second = ([*votes, 0, 0])[:2]
        repairs = len(refinable(state, limit=self.max_refined_per_round))
        following = state.round + 1
        return GainEstimate(
            belief=belief,
            fix=self.rates.fix(following).mean,
            damage=self.rates.damage(following).mean,
            undecided=1 - leader_probability(first, second),
            tokens=mean_tokens(state.candidates) or _DEFAULT_TOKENS,
            samples=self._samples_left(state),
            repairs=repairs if following <= self.max_rounds else 0,
            min_gain_per_1k_tokens=self.min_gain_per_1k_tokens,
        )

    def _samples_left(self, state: RefinementState) -> int:
        return max(0, min(self.batch_size, self.max_candidates - len(samples_of(state))))


def _in_words(numbers: GainEstimate) -> str:
    return (
        f"the leading answer is right with a chance of {numbers.belief:.0%}; a repair would change "
        f"that by {100 * numbers.repair_gain:+.1f} points, samples by "
        f"{100 * numbers.sample_gain:+.1f}"
    )
