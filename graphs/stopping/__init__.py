"""Stop rules: they read the state and give a reason when they fire.

    stop = rounds(3) | accepted() | stalled(2) | budget(tokens=20_000)

Rules combine with `|` (any), `&` (all) and `~` (not), also with plain callables on either side.
The repr of a rule is the expression that constructs it. No rule fails on an empty pool.
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
