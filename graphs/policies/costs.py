"""What attempts cost: weighted tokens, USD or seconds, as seen in this run and learned before."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from refinegraph.graphs.state import RefinementState
from refinegraph.schema import Decision, Usage

CostUnit = Literal["tokens", "usd", "seconds"]
"""What is saved: tokens, money (where the prices of all calls are known), or time."""


class TokenWeights(NamedTuple):
    """What a token costs, in completion tokens."""

    prompt: float = 0.2
    """Providers charge four to five times as much for written tokens as for read ones."""
    cached: float = 0.05
    """Cached ones cost a quarter or a tenth of other prompt tokens."""
    completion: float = 1.0


SAMPLE_TOKENS = 300.0
"""A sample before any was seen: a short program and its prompt."""
REPAIR_IN_SAMPLES = 1.7
"""A review and a repair in samples, as measured on the package's own model (76 against 45)."""


class Spent(NamedTuple):
    """What a run has cost up to a decision, in each unit."""

    tokens: float
    usd: float
    seconds: float

    @classmethod
    def of(cls, state: RefinementState, weights: TokenWeights) -> "Spent":
        """Return what the run has cost so far."""
        return cls(weighted(state.usage, weights), state.usage.priced_usd, state.elapsed)

    @classmethod
    def at(cls, decision: Decision) -> "Spent":
        """Return what the run had cost at a decision; nothing where the decision does not say."""
        kept = {feature.name: feature.value for feature in decision.features}
        return cls(*(kept.get(f"spent_{unit}", 0.0) for unit in cls._fields))

    def minus(self, other: "Spent") -> "Spent":
        """Return the difference."""
        pairs = zip(self, other, strict=True)
        return Spent(*(max(0.0, now - before) for now, before in pairs))


class Costs(NamedTuple):
    """What one sample and one repair are expected to cost."""

    sample: float
    repair: float
    per_token: float
    """Units of cost in one weighted token of this run."""


def weighted(usage: Usage, weights: TokenWeights) -> float:
    """Return tokens with those of prompts and of caches at their weights."""
    cached = usage.cached_tokens
    fresh = max(0, usage.prompt_tokens - cached)
    return (
        weights.prompt * fresh
        + weights.cached * cached
        + weights.completion * usage.completion_tokens
    )


class CostTotals(NamedTuple):
    """Costs of the attempts of one kind: how many, and what they cost in all."""

    attempts: int = 0
    spent: Spent = Spent(0.0, 0.0, 0.0)

    def mean(self, unit: CostUnit) -> float | None:
        """Return the mean; None for none or where nothing was counted."""
        total: float = getattr(self.spent, unit)
        return total / self.attempts if self.attempts and total > 0 else None

    def plus(self, attempts: int, spent: Spent) -> "CostTotals":
        """Add attempts."""
        pairs = zip(self.spent, spent, strict=True)
        return CostTotals(self.attempts + attempts, Spent(*(one + other for one, other in pairs)))


def turn_costs(
    state: RefinementState, weights: TokenWeights
) -> dict[Literal["sample", "repair"], CostTotals]:
    """Return what the samples and the repairs of a run have cost, from turn to turn."""
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
    """Return what the next sample and repair will cost.

    `ratio` is the cost of a repair in samples that earlier problems taught; None for none.
    """
    if seen["sample"].mean(unit) is None:
        unit = "tokens"
    sample = seen["sample"].mean(unit) or SAMPLE_TOKENS
    learned = REPAIR_IN_SAMPLES if ratio is None else ratio
    repair = seen["repair"].mean(unit) or learned * sample
    tokens = seen["sample"].mean("tokens") or SAMPLE_TOKENS
    return Costs(sample, repair, sample / tokens)
