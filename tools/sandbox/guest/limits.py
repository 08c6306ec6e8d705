"""Resource limits of one run."""

import resource
import sys
from pathlib import Path

from refinegraph.tools.sandbox.guest.settings import Limits

_MB = 1024 * 1024
_GUESS = 128 * _MB
"""Address space of the interpreter if the system does not report it."""
_DESCRIPTORS = 40
"""Descriptors that a worker needs: its own are moved up to 16, and imports need some more."""


def check_descriptors() -> None:
    """Raise OSError if this process may not open as many files as a worker needs."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and allowed < _DESCRIPTORS:
        raise OSError(
            f"a worker opens up to {_DESCRIPTORS} files but is allowed only {allowed}; "
            "allow 256 or more (`ulimit -n 256`)"
        )


def address_space() -> int:
    """Return the bytes of address space in use, or a guess if they cannot be read."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
        return int(pages) * resource.getpagesize()
    except OSError:
        return _GUESS


def apply(limits: Limits, *, used: int, threads: int | None) -> None:
    """Set the limits of this process and its children, which cannot raise them again."""
    values = [
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, limits.file_mb * _MB),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_STACK, 8 * _MB),
    ]
    if sys.platform == "linux":
        values += [
            (resource.RLIMIT_AS, used + limits.memory_mb * _MB),
            (resource.RLIMIT_MSGQUEUE, 0),
        ]
    if threads is not None:
        values.append((resource.RLIMIT_NPROC, threads))
    for kind, value in values:
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
