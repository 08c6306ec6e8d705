"""The settings of a tree and its commands, as they are sent to the guest."""

from typing import Any, NamedTuple

from refinegraph.tools.sandbox.guest.codec import exact_type


class Settings(NamedTuple):
    """The visible files and the limits of one tree."""

    root: str
    """The checkout, at the same path inside and outside."""
    home: str
    """The path of the private home directory inside."""
    readable: tuple[str, ...]
    """Files and directories of the host that commands may read and execute."""
    frozen: tuple[str, ...]
    """Read-only directories, relative to the tree."""
    hidden: tuple[str, ...]
    """Files that appear empty, relative to the tree."""
    owner: int
    """The user that owns the checkout."""
    disk_mb: int
    files: int
    copy: str = ""
    """The copy to use instead of an overlay; `root` itself is then inaccessible."""
    disabled_layers: tuple[str, ...] = ()

    @classmethod
    def of(cls, fields: dict[str, Any]) -> "Settings":
        """Return the settings from a JSON object."""
        return cls(**_frozen(fields))


class Command(NamedTuple):
    """One command and its limits."""

    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    folder: str
    """The working directory, relative to the tree."""
    wall_seconds: float
    memory_mb: int
    processes: int
    open_files: int
    file_mb: int
    collect: tuple[str, ...] = ()
    """Files of the tree to return afterwards."""
    collect_bytes: int = 1 << 26
    """Largest size of a collected file."""

    @classmethod
    def of(cls, fields: dict[str, Any]) -> "Command":
        """Return the command from a JSON object."""
        return cls(**_frozen(fields))


def _frozen(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _tuple(value) for name, value in fields.items()}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if exact_type(value) is list else value
