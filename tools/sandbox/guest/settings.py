"""What a worker is told when it is started, and what it is told for each run."""

import json
import struct
from typing import Any, NamedTuple

from refinegraph.tools.sandbox.guest.codec import exact_type


class Settings(NamedTuple):
    """What holds for all runs of one worker."""

    without: tuple[str, ...] = ()
    """Layers left out."""
    readable: tuple[str, ...] = ()
    """Folders that programs may read beside the interpreter's own."""
    import_paths: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    """Modules imported once, before any program."""
    warm_up: str = ""
    """Trusted source, executed once before any program."""
    folder_mb: int = 16
    folder_files: int = 1024
    threads: int = 16

    def packed(self) -> str:
        """Return the settings as text."""
        return json.dumps(self._asdict())

    @classmethod
    def unpacked(cls, text: str) -> "Settings":
        """Return the settings in a text."""
        told: dict[str, Any] = json.loads(text)
        return cls(**{name: _frozen(value) for name, value in told.items()})


def _frozen(value: Any) -> Any:
    return tuple(value) if exact_type(value) is list else value


class Limits(NamedTuple):
    """What holds for one run, sent as numbers of a fixed size."""

    run: int
    """The run's number."""
    cpu_seconds: int
    memory_mb: int
    file_mb: int
    open_files: int
    peer: int = 0
    """Whether a line to another process comes along."""
    stdin: int = 0
    """Whether a standard input comes along."""

    def packed(self) -> bytes:
        """Return the limits in `SIZE` bytes."""
        return _LIMITS.pack(*self)

    @classmethod
    def unpacked(cls, body: bytes) -> "Limits":
        """Return the limits in these bytes."""
        return cls(*_LIMITS.unpack(body))


_LIMITS = struct.Struct("=7q")
RUN_SIZE = _LIMITS.size
KILL = struct.Struct("=q")
"""The number of the run to kill; a worker's runs are numbered from 1."""
ENDED = struct.Struct("=qiqq")
"""How a run ended: its number, wait status, microseconds of processor time, bytes at its peak."""
