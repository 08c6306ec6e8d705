"""Limits on what one run may use."""

import resource
import sys
from pathlib import Path

from refinegraph.tools.sandbox.guest.settings import Limits

_MB = 1024 * 1024
_GUESS = 128 * _MB
_DESCRIPTORS = 40
"""What a worker needs open at once: its own are moved up to 16, the rest serve imports."""


def check_descriptors() -> None:
    """Raise OSError where this process may not open as many files as a worker needs."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and allowed < _DESCRIPTORS:
        raise OSError(
            f"a worker opens up to {_DESCRIPTORS} files and is allowed only {allowed}; "
            "allow 256 or more (`ulimit -n 256`)"
        )


def address_space() -> int:
    """Return the bytes of address space in use; a guess where they cannot be read."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
        return int(pages) * resource.getpagesize()
    except OSError:
        return _GUESS


def apply(limits: Limits, *, used: int, threads: int | None) -> None:
    """Set every limit for this process and what it starts; none can be raised again."""
    wanted = [
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, limits.file_mb * _MB),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_STACK, 8 * _MB),
    ]
    if sys.platform == "linux":
        wanted += [
            (resource.RLIMIT_AS, used + limits.memory_mb * _MB),
            (resource.RLIMIT_MSGQUEUE, 0),
        ]
    if threads is not None:
        wanted.append((resource.RLIMIT_NPROC, threads))
    for kind, value in wanted:
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
