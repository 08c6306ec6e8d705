"""The results of commands in a tree."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from refinegraph.schema import Frozen, Isolation

CommandLimit = Literal["timeout", "memory", "output", "disk"]
"""The limit that ended a command; `disk` if the tree was full when the command ended."""

ChangeKind = Literal["added", "modified", "deleted"]


class Change(Frozen):
    """One file that differs from the checkout."""

    path: str
    """The path relative to the tree, with slashes."""
    kind: ChangeKind


class CommandResult(Frozen):
    """How a command of a tree ended."""

    command: tuple[str, ...]
    exit_code: int | None
    """None if a signal ended the command."""
    signal: int | None = None
    limit: CommandLimit | None = None
    stdout: str = ""
    """The start and the end of the output, with a line about omitted bytes between them."""
    stderr: str = ""
    stdout_cut: int = 0
    """Bytes of standard output that were not kept."""
    stderr_cut: int = 0
    seconds: float = 0.0
    """Elapsed seconds until the command and all processes that it started had ended."""
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    """The largest measured memory of all its processes together."""
    collected: Mapping[str, bytes] = Field(default_factory=dict[str, bytes])
    """The existing files that `collect` named, by path."""
    isolation: Isolation

    @property
    def ok(self) -> bool:
        """Whether the command ended within its limits and with exit code 0."""
        return self.exit_code == 0 and self.limit is None

    @property
    def ending(self) -> str:
        """A phrase that describes how the command ended."""
        if self.limit:
            return _LIMITS[self.limit]
        if self.signal is not None:
            return f"ended by signal {self.signal}"
        return f"exit code {self.exit_code}"


_LIMITS: dict[CommandLimit, str] = {
    "timeout": "stopped: it took too long",
    "memory": "stopped: it used too much memory",
    "output": "stopped: it printed too much",
    "disk": "the tree was full: it wrote too much",
}
