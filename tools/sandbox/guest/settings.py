"""The settings of a worker and the limits of a run, as they are sent to the guest."""

import json
import struct
from typing import Any, NamedTuple

from refinegraph.tools.sandbox.guest.codec import exact_type


class Settings(NamedTuple):
    """Settings that all runs of a worker share."""

    disabled_layers: tuple[str, ...] = ()
    """Layers to leave out."""
    readable: tuple[str, ...] = ()
    """Paths that programs may read in addition to the interpreter's own."""
    import_paths: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    """Modules imported once, before any program."""
    warm_up: str = ""
    """Trusted source that is executed once, before any program."""
    folder_mb: int = 16
    folder_files: int = 1024
    threads: int = 16

    def packed(self) -> str:
        """Return the settings as JSON."""
        return json.dumps(self._asdict())

    @classmethod
    def unpacked(cls, text: str) -> "Settings":
        """Return the settings from JSON."""
        fields: dict[str, Any] = json.loads(text)
        return cls(**{name: _frozen(value) for name, value in fields.items()})


def _frozen(value: Any) -> Any:
    return tuple(value) if exact_type(value) is list else value


class Limits(NamedTuple):
    """The limits of one run, sent as integers of a fixed size."""

    run: int
    """The number of the run."""
    cpu_seconds: int
    memory_mb: int
    file_mb: int
    open_files: int
    peer: int = 0
    """Whether a socket to another process is passed along."""
    stdin: int = 0
    """Whether a standard input is passed along."""

    def packed(self) -> bytes:
        """Return the limits as `RUN_SIZE` bytes."""
        return _LIMITS.pack(*self)

    @classmethod
    def unpacked(cls, body: bytes) -> "Limits":
        """Return the limits from bytes."""
        return cls(*_LIMITS.unpack(body))


_LIMITS = struct.Struct("=7q")
RUN_SIZE = _LIMITS.size
KILL = struct.Struct("=q")
"""The number of the run to kill; a worker's runs are numbered from 1."""
ENDED = struct.Struct("=qiqq")
"""The end of a run: its number, wait status, microseconds of processor time and peak bytes."""
