"""What the process that holds a tree is told when it begins."""

from typing import Any, NamedTuple

from refinegraph.tools.sandbox.guest.codec import exact_type


class Settings(NamedTuple):
    """One tree: what it shows and how much it may take."""

    root: str
    """The checkout, at the same path inside and outside."""
    home: str
    """The private home folder, as it is called inside."""
    readable: tuple[str, ...]
    """Files and folders of the host that commands may read and execute."""
    frozen: tuple[str, ...]
    """Folders of the tree that are read-only, relative to it."""
    hidden: tuple[str, ...]
    """Files of the tree that appear empty, relative to it."""
    owner: int
    """The user that owns the checkout."""
    disk_mb: int
    files: int
    copy: str = ""
    """The copy to work on where there is no overlay; `root` itself is then out of reach."""
    without: tuple[str, ...] = ()

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Settings":
        """Return the settings in a JSON object."""
        return cls(**_frozen(told))


class Command(NamedTuple):
    """One command and what it may use."""

    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    folder: str
    """Where it starts, relative to the tree."""
    wall_seconds: float
    memory_mb: int
    processes: int
    open_files: int
    file_mb: int
    collect: tuple[str, ...] = ()
    """Files of the tree to hand back afterwards."""
    collect_bytes: int = 1 << 26

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Command":
        """Return the command in a JSON object."""
        return cls(**_frozen(told))


def _frozen(told: dict[str, Any]) -> dict[str, Any]:
    return {name: _tuple(value) for name, value in told.items()}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if exact_type(value) is list else value
