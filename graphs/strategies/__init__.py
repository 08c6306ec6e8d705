"""The named strategies, one a file, and the plan that each is built from."""

from refinegraph.graphs.strategies.magicore_options import MagicoreOptions
from refinegraph.graphs.strategies.plan import Plan
from refinegraph.graphs.strategies.registry import (
    STRATEGIES,
    Strategy,
    build_strategy,
    find_strategy,
    register_strategy,
    strategy_outline,
)

__all__ = [
    "STRATEGIES",
    "MagicoreOptions",
    "Plan",
    "Strategy",
    "build_strategy",
    "find_strategy",
    "register_strategy",
    "strategy_outline",
]
