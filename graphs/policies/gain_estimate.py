"""Estimates behind a decision, recorded with it and read back to replay it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple, Self, cast

from refinegraph.schema import Action, Decision, Feature


class ActionEstimate(NamedTuple):
    """The expected gain and cost of an action."""

    action: Action
    gain: float
    """Expected increase in the probability of a right answer."""
    tokens: float
    """Expected cost in tokens, above 0."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The numbers behind a decision. Subclasses add fields of type `int` or `float`.

    >>> @dataclass(frozen=True, kw_only=True)
    ... class Weighed(Estimate):
    ...     gain: float
    >>> [feature.name for feature in Weighed(min_gain_per_1k_tokens=0.1, gain=0.5).features]
    ['min_gain_per_1k_tokens', 'gain']
    """

    min_gain_per_1k_tokens: float
    """The increase in the probability of a right answer that justifies 1,000 tokens."""

    @property
    def features(self) -> tuple[Feature, ...]:
        """The numbers as recorded in a decision."""
        return tuple(Feature(name=name, value=value) for name, value in asdict(self).items())

    @classmethod
    def from_decision(cls, decision: Decision) -> Self:
        """Read the numbers recorded in a decision; raise `KeyError` if it recorded others."""
        recorded = {feature.name: feature.value for feature in decision.features}
        values = {
            field.name: int(recorded[field.name])
            if field.type in (int, "int")
            else recorded[field.name]
            for field in fields(cls)
        }
        return cls(**cast("dict[str, Any]", values))

    def best_action(self, actions: Sequence[ActionEstimate]) -> Action:
        """Return the action with the highest gain per token, or stop if none is worth it."""
        best: Action = "stop"
        rate = self.min_gain_per_1k_tokens / 1_000
        for action, gain, tokens in actions:
            if gain / tokens > rate:
                best, rate = action, gain / tokens
        return best
