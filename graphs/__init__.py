"""The graphs: typed state, routing, stopping, selection, policies and strategies."""

from typing import TYPE_CHECKING

assert __name__ == "refinegraph.graphs", "import refinegraph.graphs, not graphs"

if TYPE_CHECKING:
    from refinegraph.graphs.policies import last_wave, ranked
    from refinegraph.graphs.refinement import RefinementGraph, refinement_graph
    from refinegraph.graphs.search import SearchGraph, search_graph
    from refinegraph.graphs.state import RefinementState
    from refinegraph.graphs.strategies import (
        STRATEGIES,
        Plan,
        Strategy,
        build_strategy,
        register_strategy,
    )

_MODULES = {
    "Plan": "strategies",
    "RefinementGraph": "refinement",
    "RefinementState": "state",
    "STRATEGIES": "strategies",
    "SearchGraph": "search",
    "Strategy": "strategies",
    "build_strategy": "strategies",
    "last_wave": "policies",
    "ranked": "policies",
    "refinement_graph": "refinement",
    "register_strategy": "strategies",
    "search_graph": "search",
}

__all__ = [
    "STRATEGIES",
    "Plan",
    "RefinementGraph",
    "RefinementState",
    "SearchGraph",
    "Strategy",
    "build_strategy",
    "last_wave",
    "ranked",
    "refinement_graph",
    "register_strategy",
    "search_graph",
]


def __getattr__(name: str) -> object:
    """Import a public name on first access."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
