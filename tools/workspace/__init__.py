"""Copy-on-write views of a checkout, in which commands run in isolation."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refinegraph.tools.workspace.policy import TreePolicy
    from refinegraph.tools.workspace.results import Change, CommandLimit, CommandResult
    from refinegraph.tools.workspace.tree import Tree

_MODULES = {
    "Change": "results",
    "CommandLimit": "results",
    "CommandResult": "results",
    "Tree": "tree",
    "TreePolicy": "policy",
}

__all__ = ["Change", "CommandLimit", "CommandResult", "Tree", "TreePolicy"]


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
