"""Costs of attempts in weighted tokens, USD or seconds, observed in this run or learned earlier."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Decision, Usage

CostUnit = Literal["tokens", "usd", "seconds"]
"""The resource to save: tokens, money (if the prices of all calls are known), or time."""


class TokenWeights(NamedTuple):
    """Costs of tokens relative to completion tokens."""

    prompt: float = 0.2
    """Providers charge four to five times as much for completion tokens as for prompt tokens."""
    cached: float = 0.05
    """Cached prompt tokens cost between a tenth and a quarter of other prompt tokens."""
    completion: float = 1.0


SAMPLE_TOKENS = 300.0
"""Assumed cost of a sample before any has been seen: a short program and its prompt."""
REPAIR_IN_SAMPLES = 1.7
"""Cost of a review and a repair relative to a sample, measured on the built-in model (76 to 45)."""

BRANCH_IN_SAMPLES = 0.25
"""Cost of a repair at an alternative token relative to a sample, until it is observed: an estimate
from one line of six and a cached prompt."""


class Spent(NamedTuple):
    """The cost of a run up to a decision, in each unit."""

    tokens: float
    usd: float
    seconds: float

    @classmethod
    def of(cls, state: RefinementState, weights: TokenWeights) -> "Spent":
        """Return the cost of the run so far."""
        return cls(weighted(state.usage, weights), state.usage.priced_usd, state.elapsed)

    @classmethod
    def at(cls, decision: Decision) -> "Spent":
        """Return the cost of the run at a decision; zero if the decision did not record it."""
        kept = {feature.name: feature.value for feature in decision.features}
        return cls(*(kept.get(f"spent_{unit}", 0.0) for unit in cls._fields))

    def minus(self, other: "Spent") -> "Spent":
        """Return the difference."""
        pairs = zip(self, other, strict=True)
        return Spent(*(max(0.0, now - before) for now, before in pairs))


class Costs(NamedTuple):
    """The expected costs of one sample and one repair."""

    sample: float
    repair: float
    per_token: float
    """Units of cost per weighted token of this run."""


def weighted(usage: Usage, weights: TokenWeights) -> float:
    """Return the tokens of a usage, with prompt and cached tokens at their weights."""
    cached = usage.cached_tokens
    fresh = max(0, usage.prompt_tokens - cached)
    return (
        weights.prompt * fresh
        + weights.cached * cached
        + weights.completion * usage.completion_tokens
    )


class CostTotals(NamedTuple):
    """The number of attempts of one kind, and their total cost."""

    attempts: int = 0
    spent: Spent = Spent(0.0, 0.0, 0.0)

    def mean(self, unit: CostUnit) -> float | None:
        """Return the mean cost, or None if there are no attempts or no recorded cost."""
        total: float = getattr(self.spent, unit)
        return total / self.attempts if self.attempts and total > 0 else None

    def plus(self, attempts: int, spent: Spent) -> "CostTotals":
        """Return the totals with further attempts added."""
        pairs = zip(self.spent, spent, strict=True)
        return CostTotals(self.attempts + attempts, Spent(*(left + right for left, right in pairs)))


def turn_costs(
    state: RefinementState, weights: TokenWeights
) -> dict[Literal["sample", "repair"], CostTotals]:
    """Return the costs of the samples and of the repairs of a run, attributed turn by turn."""
    totals: dict[Literal["sample", "repair"], CostTotals] = {
        "sample": CostTotals(),
        "repair": CostTotals(),
    }
    after = [Spent.at(decision) for decision in state.decisions[1:]]
    after.append(Spent.of(state, weights))
    for decision, spent in zip(state.decisions, after, strict=False):
        kind: Literal["sample", "repair"] = "repair" if decision.targets else "sample"
        attempts = len(decision.targets) or decision.samples
        if attempts:
            turn = spent.minus(Spent.at(decision))
            totals[kind] = totals[kind].plus(attempts, turn)
    return totals


def expected_costs(
    seen: Mapping[Literal["sample", "repair"], CostTotals],
    ratio: float | None,
    unit: CostUnit,
) -> Costs:
    """Return the expected costs of the next sample and repair.

    `ratio` is the learned cost of a repair in samples, or None if nothing was learned.
    """
    if seen["sample"].mean(unit) is None:
        unit = "tokens"
    sample = seen["sample"].mean(unit) or SAMPLE_TOKENS
    learned = REPAIR_IN_SAMPLES if ratio is None else ratio
    repair = seen["repair"].mean(unit) or learned * sample
    tokens = seen["sample"].mean("tokens") or SAMPLE_TOKENS
    return Costs(sample, repair, sample / tokens)
