"""When to stop: rules that read the state and say why they fire.

    stop = rounds(3) | accepted() | stalled(2) | budget(tokens=20_000)

Rules combine with `|` (any), `&` (all) and `~` (not), also with plain callables on either side,
and their repr is the expression that makes them. No rule raises on an empty pool.
"""

from refinegraph.graphs.stopping.combining import (
    AllOf,
    AnyOf,
    Custom,
    Not,
    RuleFunction,
    StopRule,
    as_rule,
)
from refinegraph.graphs.stopping.rules import (
    accepted,
    budget,
    oscillating,
    rounds,
    same_failure,
    stalled,
)

__all__ = [
    "AllOf",
    "AnyOf",
    "Custom",
    "Not",
    "RuleFunction",
    "StopRule",
    "accepted",
    "as_rule",
    "budget",
    "oscillating",
    "rounds",
    "same_failure",
    "stalled",
]
