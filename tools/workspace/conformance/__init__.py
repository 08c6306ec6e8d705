"""Hostile commands that a tree must contain, and functions to try them on any backend."""

from refinegraph.tools.workspace.conformance import (
    building,
    files,
    kernel,
    network,
    processes,
    resources,
)
from refinegraph.tools.workspace.conformance.cases import HostileCommand
from refinegraph.tools.workspace.conformance.suite import (
    CommandReport,
    fingerprint,
    try_commands,
)

GROUPS: dict[str, tuple[HostileCommand, ...]] = {
    "outliving": processes.OUTLIVING,
    "processes": processes.OTHERS,
    "writing": files.WRITING,
    "reading": files.READING,
    "kernel": kernel.CALLS,
    "privileges": kernel.OTHERS,
    "network": network.CASES,
    "resources": resources.CASES,
    "building": building.CASES,
}
"""Hostile commands by their aim."""

COMMANDS: tuple[HostileCommand, ...] = tuple(case for group in GROUPS.values() for case in group)

TOGETHER = frozenset(("reading", "kernel", "privileges", "network", "building"))
"""Groups whose commands neither disturb each other nor reach a limit."""

__all__ = [
    "COMMANDS",
    "GROUPS",
    "TOGETHER",
    "CommandReport",
    "HostileCommand",
    "fingerprint",
    "try_commands",
]
