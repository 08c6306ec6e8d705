"""What comes back from a tree."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from refinegraph.schema import Frozen, Isolation

CommandLimit = Literal["timeout", "memory", "output", "disk"]
"""The limit that ended a command; `disk` where the tree was full when it ended."""

ChangeKind = Literal["added", "modified", "deleted"]


class Change(Frozen):
    """One file that differs from the checkout."""

    path: str
    """Relative to the tree, with slashes."""
    kind: ChangeKind


class CommandResult(Frozen):
    """How a command of a tree ended."""

    command: tuple[str, ...]
    exit_code: int | None
    """None where a signal ended it."""
    signal: int | None = None
    limit: CommandLimit | None = None
    stdout: str = ""
    """Both ends of what was printed; a line in the middle says how much was cut."""
    stderr: str = ""
    stdout_cut: int = 0
    """Bytes of standard output that were not kept."""
    stderr_cut: int = 0
    seconds: float = 0.0
    """Elapsed seconds, from the order to the end of everything that it had started."""
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    """The most memory that its processes were seen to hold together."""
    collected: Mapping[str, bytes] = Field(default_factory=dict[str, bytes])
    """The files that `collect` named and that were there, by path."""
    isolation: Isolation

    @property
    def ok(self) -> bool:
        """Whether it ended by itself, in its limits, with exit code 0."""
        return self.exit_code == 0 and self.limit is None

    @property
    def ending(self) -> str:
        """One phrase that says how it ended."""
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
