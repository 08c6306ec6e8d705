"""Policies: they decide on the next moves of a run."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refinegraph.graphs.policies.bandits import bandit
    from refinegraph.graphs.policies.base import Policy
    from refinegraph.graphs.policies.beliefs import beta, normal
    from refinegraph.graphs.policies.completion import finishing
    from refinegraph.graphs.policies.first_wave import FirstWave
    from refinegraph.graphs.policies.frontier import beam, best_first
    from refinegraph.graphs.policies.islands import archive
    from refinegraph.graphs.policies.knockout import tournament
    from refinegraph.graphs.policies.monte_carlo import uct
    from refinegraph.graphs.policies.particle_filter import multinomial, particles, systematic
    from refinegraph.graphs.policies.refine_loop import RefineLoop
    from refinegraph.graphs.policies.searching import is_complete, ranked
    from refinegraph.graphs.policies.succession import in_turn
    from refinegraph.graphs.policies.supervisor import supervised
    from refinegraph.graphs.policies.waves import (
        Wave,
        each_with_others,
        from_all,
        from_each,
        from_unfinished,
        last_wave,
        move,
        schedule,
    )
    from refinegraph.graphs.policies.wider_or_deeper import ab_mcts

_MODULES = {
    "FirstWave": "first_wave",
    "Policy": "base",
    "RefineLoop": "refine_loop",
    "Wave": "waves",
    "ab_mcts": "wider_or_deeper",
    "archive": "islands",
    "bandit": "bandits",
    "beam": "frontier",
    "best_first": "frontier",
    "beta": "beliefs",
    "each_with_others": "waves",
    "finishing": "completion",
    "from_all": "waves",
    "from_each": "waves",
    "from_unfinished": "waves",
    "in_turn": "succession",
    "is_complete": "searching",
    "last_wave": "waves",
    "move": "waves",
    "multinomial": "particle_filter",
    "normal": "beliefs",
    "particles": "particle_filter",
    "ranked": "searching",
    "schedule": "waves",
    "supervised": "supervisor",
    "systematic": "particle_filter",
    "tournament": "knockout",
    "uct": "monte_carlo",
}

__all__ = [
    "FirstWave",
    "Policy",
    "RefineLoop",
    "Wave",
    "ab_mcts",
    "archive",
    "bandit",
    "beam",
    "best_first",
    "beta",
    "each_with_others",
    "finishing",
    "from_all",
    "from_each",
    "from_unfinished",
    "in_turn",
    "is_complete",
    "last_wave",
    "move",
    "multinomial",
    "normal",
    "particles",
    "ranked",
    "schedule",
    "supervised",
    "systematic",
    "tournament",
    "uct",
]


def __getattr__(name: str) -> object:
    """Import a public name on first access."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
