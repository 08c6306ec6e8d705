"""A policy for code with visible tests: sample or repair, whichever gains more for its cost.

A run ends when a program passes. Until then, a fresh sample and a repair of each candidate are
compared by the probability that they, or the repairs that may follow them, pass, divided by their
cost. The probabilities are learned across problems that share `SuccessRates`. The numbers behind a
decision are stored with it, so that it can be explained and replayed later.
"""

from dataclasses import dataclass

from refinegraph.agents.alternatives import unused_alternatives
from refinegraph.graphs.policies.attempts import (
    SHIPPED_RATES,
    History,
    chance_of_new,
    drawn_bucket,
)
from refinegraph.graphs.policies.base import (
    candidates_spent,
    easy,
    fingerprint,
    refinable,
    refine_decision,
    sample_decision,
    stop_decision,
)
from refinegraph.graphs.policies.costs import (
    BRANCH_IN_SAMPLES,
    Costs,
    CostUnit,
    Spent,
    TokenWeights,
    expected_costs,
    turn_costs,
)
from refinegraph.graphs.policies.gain_estimate import ActionEstimate, Estimate
from refinegraph.graphs.policies.plans import Planner, Worth
from refinegraph.graphs.policies.success_rates import SuccessRates
from refinegraph.graphs.routing import Router, ask_router
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.stopping import RuleFunction, as_rule
from refinegraph.schema import Action, Candidate, Decision, Difficulty, StopReason
from refinegraph.support.awaiting import settle

MIN_GAIN_FOR_CODE = 0.009
"""A program that passes is worth 111,000 tokens, about half a dollar with a hosted model. Chosen on
recorded repair runs of three models (`benchmarks/recorded_repairs.py`): all eleven problems that
repairs solve are solved with it, for 0.29, 0.37 and 0.17 of the tokens of running to the end. The
same holds for 0.010; with 0.011, one problem is lost."""
_LARGEST_WAVE = 8
"""Maximum samples requested at once if waiting has a cost; no estimate justifies more."""


@dataclass(frozen=True, kw_only=True)
class CodeGainEstimate(Estimate):
    """The numbers behind one decision about code."""

    sample_chance: float
    """Probability that a fresh sample passes."""
    repair_chance: float
    """Probability that a repair of the most promising candidate passes; 0 without candidates."""
    sample_worth: float
    """Probability of a passing program per 1,000 tokens if the next attempt is a sample."""
    repair_worth: float
    """The same if the next attempt is a repair."""
    samples: int
    """Number of samples that would be requested next, possibly 0."""
    best_worth: float
    """The higher worth without optimism, except for a program that was never repaired."""
    repairs: int
    """Number of programs that would be repaired next, possibly 0."""
    sample_cost: float
    """Expected cost of a sample, in the policy's unit."""
    repair_cost: float
    """Expected cost of a repair including its review."""
    spent_tokens: float
    """Weighted tokens spent so far."""
    spent_usd: float
    spent_seconds: float


def choose_for_code(numbers: CodeGainEstimate) -> Action:
    """Return the action with the highest gain per token, or stop if none reaches the minimum.

    >>> choose_for_code(CodeGainEstimate(
    ...     sample_chance=0.2, repair_chance=0.4,
    ...     sample_worth=0.7, repair_worth=0.8, best_worth=0.7,
    ...     samples=1, repairs=1, sample_cost=300, repair_cost=500, spent_tokens=600, spent_usd=0,
    ...     spent_seconds=2, min_gain_per_1k_tokens=0.001,
    ... ))
    'refine'
    """
    actions: list[ActionEstimate] = []
    if numbers.best_worth <= numbers.min_gain_per_1k_tokens:
        return "stop"
    if numbers.samples:
        actions.append(ActionEstimate("sample", numbers.sample_worth, 1_000))
    if numbers.repairs:
        actions.append(ActionEstimate("refine", numbers.repair_worth, 1_000))
    return numbers.best_action(actions)


class ExecutionGain:
    """Sample, repair or stop, whichever is expected to gain most for its cost.

    Args:
        router: Decides whether a problem is easy, which ends the run.
        stop: A rule that ends the run.
        max_candidates: Maximum number of candidates, samples and repairs together.
        max_refined_per_round: Number of programs repaired in parallel per round.
        batch_size: Number of samples requested at a time; None to choose it by the cost of waiting.
        min_gain_per_1k_tokens: Minimum increase in the probability of a passing program that
            justifies 1,000 tokens; 0 continues up to `max_candidates`.
        rates: Success rates of the model, learned across the runs that share them.
        cost: The unit of cost: tokens, USD (if every call has a price) or seconds.
        branches: Whether programs are repaired by `BranchRefiner`: those without unused
            alternatives are then not repaired.
        weights: Relative costs of prompt, cached and completion tokens.
        tokens_per_second: The value of one second of waiting, in tokens. If above 0, samples for
            hard problems are requested in batches.
    """

    def __init__(
        self,
        *,
        router: Router,
        stop: RuleFunction,
        max_candidates: int = 16,
        max_refined_per_round: int = 1,
        batch_size: int | None = None,
        min_gain_per_1k_tokens: float = MIN_GAIN_FOR_CODE,
        rates: SuccessRates | None = None,
        cost: CostUnit = "tokens",
        weights: TokenWeights = TokenWeights(),  # noqa: B008 - immutable
        tokens_per_second: float = 0.0,
        branches: bool = False,
    ) -> None:
        self.router = router
        self.stop = as_rule(stop)
        self.max_candidates = max_candidates
        self.max_refined_per_round = max_refined_per_round
        self.batch_size = batch_size
        self.min_gain_per_1k_tokens = min_gain_per_1k_tokens
        self.rates = rates or SuccessRates(SHIPPED_RATES)
        self.cost: CostUnit = cost
        self.weights = weights
        self.tokens_per_second = tokens_per_second
        self.branches = branches

    async def __call__(self, state: RefinementState) -> Decision:
        """Learn from the last turn, then decide by the estimates, which the decision records."""
        difficulty = await ask_router(self.router, state)
        history = History.of(state)
        self._learn(state, history)
        reason = await settle(self.stop(state)) or self._over(state, difficulty)
        numbers, targets = self._estimate(state, history)
        action = choose_for_code(numbers)
        if reason is None and action == "stop":
            reason = StopReason(
                rule="gain",
                detail="neither samples nor repairs are worth their tokens",
                limit=self.min_gain_per_1k_tokens,
            )
        if reason:
            decision = stop_decision(state, reason, difficulty)
        elif action == "refine":
            decision = refine_decision(state, targets, difficulty)
        else:
            decision = sample_decision(state, numbers.samples, difficulty)
        return decision.model_copy(update={"features": numbers.features})

    def __repr__(self) -> str:
        """Return the constructor call."""
        return (
            f"ExecutionGain(router={self.router!r}, stop={self.stop!r}, "
            f"max_candidates={self.max_candidates}, "
            f"max_refined_per_round={self.max_refined_per_round}, "
            f"batch_size={self.batch_size}, "
            f"min_gain_per_1k_tokens={self.min_gain_per_1k_tokens}, cost={self.cost!r}, "
            f"tokens_per_second={self.tokens_per_second}, branches={self.branches})"
        )

    def _over(self, state: RefinementState, difficulty: Difficulty) -> StopReason | None:
        if difficulty.level == "easy":
            return easy(difficulty)
        if self._left(state) > 0:
            return None
        count = len(state.candidates)
        detail = f"{count} of {self.max_candidates} candidates created"
        return candidates_spent(count, self.max_candidates, detail)

    def _left(self, state: RefinementState) -> int:
        return self.max_candidates - len(state.candidates)

    def _learn(self, state: RefinementState, history: History) -> None:
        """Learn from the results of the last decision, if there are tests."""
        last = state.decision
        if last is None or not state.proof_ids:
            return
        start = next(
            (number for number, turn in enumerate(history.turns) if turn >= last.number),
            len(history.attempts),
        )
        run = f"{state.problem.id} {state.started}"
        if self.rates.observe(run, last.number, history.attempts, start):
            spent = Spent.of(state, self.weights).minus(Spent.at(last))
            family = "repair" if last.targets else "fresh"
            self.rates.observe_cost(family, len(history.attempts) - start, spent.tokens)

    def _estimate(
        self, state: RefinementState, history: History
    ) -> tuple[CodeGainEstimate, list[Candidate]]:
        """Return the estimates for the next decision, and the candidates it would repair."""
        seen = turn_costs(state, self.weights)
        costs = expected_costs(seen, self.rates.cost_ratio or self._cost_ratio, self.cost)
        planner = Planner(
            self.rates,
            history.failed(self.rates, "fresh"),
            history.failed(self.rates, "repair"),
            costs.sample,
            costs.repair,
            self.branches,
        )
        left = max(0, self._left(state))
        weight = chance_of_new(list(history.drawn.values()))
        bucket = drawn_bucket(history.drawn.total() + 1)
        details = (bucket, "some", "refine")
        drawn = (history.sample_path, weight, details, history.duplicate_repairs)
        sample = planner.sample(*drawn)
        ranked = self._ranked(state, history, planner)
        targets = [candidate for _, candidate in ranked][: min(self.max_refined_per_round, left)]
        repair = ranked[0][0] if targets else Worth(0.0, 0.0)
        plain = planner._replace(optimistic=False)
        sure = plain.sample(*drawn).rate
        if targets:
            tried = history.programs[fingerprint(targets[0])].repeated > 0
            again = self._ranked(state, history, plain if tried else planner)
            sure = max(sure, next(worth for worth, other in again if other is targets[0]).rate)
        spent = Spent.of(state, self.weights)
        numbers = CodeGainEstimate(
            sample_chance=sample.chance,
            repair_chance=repair.chance,
            sample_worth=1_000 * sample.rate * costs.per_token,
            repair_worth=1_000 * repair.rate * costs.per_token,
            best_worth=1_000 * sure * costs.per_token,
            samples=min(left, self._wave(state, sample, costs)),
            repairs=len(targets),
            sample_cost=costs.sample,
            repair_cost=costs.repair,
            spent_tokens=spent.tokens,
            spent_usd=spent.usd,
            spent_seconds=spent.seconds,
            min_gain_per_1k_tokens=self.min_gain_per_1k_tokens,
        )
        return numbers, targets

    def _ranked(
        self, state: RefinementState, history: History, planner: Planner
    ) -> list[tuple[Worth, Candidate]]:
        """Return the candidates that may be repaired with their worth, best first."""
        weighed: list[tuple[float, float, Worth, Candidate]] = []
        for candidate in refinable(state):
            gap = self._next_gap(state, candidate)
            if self.branches and gap is None:
                continue
            path, position = history.path(candidate, gap=gap), history.position(candidate, gap)
            worth = planner.repair(path, position)
            weighed.append((-worth.rate, gap or 0.0, worth, candidate))
        ordered = sorted(weighed, key=lambda item: item[:2])
        return [(worth, candidate) for _, _, worth, candidate in ordered]

    def _next_gap(self, state: RefinementState, candidate: Candidate) -> float | None:
        if not self.branches:
            return None
        unused = unused_alternatives(candidate, state.candidates)
        return unused[0].gap if unused else None

    @property
    def _cost_ratio(self) -> float | None:
        return BRANCH_IN_SAMPLES if self.branches else None

    def _wave(self, state: RefinementState, sample: Worth, costs: Costs) -> int:
        """Return the number of samples to request at once, given the cost of waiting."""
        if self.batch_size is not None:
            return self.batch_size
        if self.cost == "seconds":
            return _LARGEST_WAVE
        turns = max(1, len(state.decisions))
        waiting = self.tokens_per_second * costs.per_token * state.elapsed / turns
        failing = 1 - sample.chance

        def worth(size: int) -> float:
            return (1 - failing**size) / (size * costs.sample + waiting)

        return max(range(1, _LARGEST_WAVE + 1), key=lambda size: (worth(size), -size))
