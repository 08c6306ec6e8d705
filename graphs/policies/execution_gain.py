"""A policy for code with visible tests: sample or repair, whichever gains more for its tokens.

A run is over when a program passes. Until then a fresh sample passes with the chance that it is a
new program at all (Good and Turing's estimate from the programs seen once, Biometrika 1953) times
the chance that a new one passes; a repair passes with the chance that it changes anything times the
rate at which such repairs pass.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from refinegraph.graphs.policies.base import (
    candidates_spent,
    easy,
    fingerprint,
    mean_tokens,
    refinable,
    refine_decision,
    sample_decision,
    samples_of,
    stop_decision,
)
from refinegraph.graphs.policies.gain_estimate import ActionEstimate, Estimate
from refinegraph.graphs.policies.repair_rates import BetaPosterior
from refinegraph.graphs.routing import Router, ask_router
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.stopping import RuleFunction, as_rule
from refinegraph.schema import Action, Candidate, Decision, Difficulty, StopReason
from refinegraph.support.awaiting import settle

FRESH = BetaPosterior(alpha=1, beta=2)
"""A new program passes in one of three cases; three samples weigh as much as this prior."""
FIX_CLOSE = BetaPosterior(alpha=1, beta=2)
"""How often a repair passes if the program passed some of the tests."""
FIX_FAR = BetaPosterior(alpha=1, beta=4)
"""How often a repair passes if the program passed none: less often (arXiv 2604.10508)."""
REPAIR_TOKENS = 1.5
"""The cost of a review and a refinement, in samples: a review is about half as long as a program.
"""


@dataclass(frozen=True, kw_only=True)
class CodeGainEstimate(Estimate):
    """The numbers of one decision about code."""

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

    @property
    def sample_gain(self) -> float:
        """The chance that one of the next samples passes."""
        return 1 - (1 - self.new * self.fresh) ** self.samples

    @property
    def repair_gain(self) -> float:
        """The chance that one of the next repairs passes."""
        return 1 - self.unfixed


def choose_for_code(numbers: CodeGainEstimate) -> Action:
    """Return the action with the most gain per token, or stop if none reaches the minimum.

    >>> choose_for_code(CodeGainEstimate(
    ...     new=0.3, fresh=0.2, unfixed=0.7, samples=2, repairs=1, tokens=100,
    ...     min_gain_per_1k_tokens=0,
    ... ))
    'refine'
    """
    actions: list[ActionEstimate] = []
    if numbers.samples:
        cost = numbers.samples * numbers.tokens
        actions.append(ActionEstimate("sample", numbers.sample_gain, cost))
    if numbers.repairs:
        cost = numbers.repairs * REPAIR_TOKENS * numbers.tokens
        actions.append(ActionEstimate("refine", numbers.repair_gain, cost))
    return numbers.best_action(actions)


class ExecutionGain:
    """Sample, repair or stop, whichever is expected to gain most for its tokens.

    Args:
        router: Says whether a problem is easy, which ends the run.
        stop: A rule that ends the run.
        max_candidates: The most candidates of a run, samples and repairs together.
        max_refined_per_round: How many programs are repaired in a round.
        min_gain_per_1k_tokens: Go on while 1,000 completion tokens raise the chance of a program
            that passes by at least this; 0 goes on to `max_candidates`.
    """

    def __init__(
        self,
        *,
        router: Router,
        stop: RuleFunction,
        max_candidates: int = 10,
        max_refined_per_round: int = 2,
        min_gain_per_1k_tokens: float = 0.0,
    ) -> None:
        self.router = router
        self.stop = as_rule(stop)
        self.max_candidates = max_candidates
        self.max_refined_per_round = max_refined_per_round
        self.min_gain_per_1k_tokens = min_gain_per_1k_tokens

    async def __call__(self, state: RefinementState) -> Decision:
        """Choose by the numbers, which the decision keeps."""
        difficulty = await ask_router(self.router, state)
        targets = refinable(state, limit=self.max_refined_per_round)[: self._left(state)]
        numbers = self._estimate(state, targets)
        action = choose_for_code(numbers)
        reason = await settle(self.stop(state)) or self._reason(state, difficulty, action)
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
            f"ExecutionGain(router={self.router!r}, stop={self.stop!r}, "
            f"max_candidates={self.max_candidates}, "
            f"max_refined_per_round={self.max_refined_per_round}, "
            f"min_gain_per_1k_tokens={self.min_gain_per_1k_tokens})"
        )

    def _reason(
        self, state: RefinementState, difficulty: Difficulty, action: Action
    ) -> StopReason | None:
        if difficulty.level == "easy":
            return easy(difficulty)
        if self._left(state) <= 0:
            made = len(state.candidates)
            detail = f"{made} of {self.max_candidates} candidates were made"
            return candidates_spent(made, self.max_candidates, detail)
        if action == "stop":
            detail = "neither samples nor repairs are worth their tokens"
            return StopReason(rule="gain", detail=detail, limit=self.min_gain_per_1k_tokens)
        return None

    def _left(self, state: RefinementState) -> int:
        return self.max_candidates - len(state.candidates)

    def _estimate(self, state: RefinementState, targets: Sequence[Candidate]) -> CodeGainEstimate:
        drawn = Counter(fingerprint(sample) for sample in samples_of(state))
        repairs = [candidate for candidate in state.candidates if candidate.parent_id is not None]
        programs = {candidate.id: fingerprint(candidate) for candidate in state.candidates}
        changed = sum(
            fingerprint(repair) not in _earlier(programs, repair.id) for repair in repairs
        )
        brings_new = (changed + 1) / (len(repairs) + 1)
        unfixed = 1.0
        for target in targets:
            prior = FIX_CLOSE if _is_close(target) else FIX_FAR
            unfixed *= 1 - brings_new * prior.updated(0, changed).mean
        return CodeGainEstimate(
            new=chance_of_new(list(drawn.values())),
            fresh=FRESH.updated(0, len(drawn)).mean,
            unfixed=unfixed,
            samples=max(0, min(self._left(state), len(state.candidates) or 1)),
            repairs=len(targets),
            tokens=mean_tokens(state.candidates) or 1.0,
            min_gain_per_1k_tokens=self.min_gain_per_1k_tokens,
        )


def chance_of_new(counts: Sequence[int]) -> float:
    """Return the chance that one more draw is of a kind not seen yet, from how often each was.

    Good and Turing's estimate with one imagined draw that was new.

    >>> chance_of_new([1, 1]), chance_of_new([4])
    (1.0, 0.2)
    """
    return (counts.count(1) + 1) / (sum(counts) + 1)


def _earlier(programs: Mapping[str, str], id: str) -> set[str]:
    """Return the programs that were there before a candidate was made."""
    ids = list(programs)
    return {programs[earlier] for earlier in ids[: ids.index(id)]}


def _is_close(candidate: Candidate) -> bool:
    return bool(candidate.verdict and candidate.verdict.passed_ids)
