"""The named strategies, and the plan from which they are built."""

from refinegraph.graphs.strategies.magicore_options import MagicoreOptions
from refinegraph.graphs.strategies.plan import Plan
from refinegraph.graphs.strategies.registry import (
    STRATEGIES,
    build_strategy,
    find_strategy,
    gallery_names,
    register_strategy,
    strategy_names,
    strategy_outline,
)
from refinegraph.graphs.strategies.strategy import Strategy, recipe, source_of

__all__ = [
    "STRATEGIES",
    "MagicoreOptions",
    "Plan",
    "Strategy",
    "build_strategy",
    "find_strategy",
    "gallery_names",
    "recipe",
    "register_strategy",
    "source_of",
    "strategy_names",
    "strategy_outline",
]
