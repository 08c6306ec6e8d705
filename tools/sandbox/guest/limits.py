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


def hard_limits() -> dict[int, int]:
    """Return the hard limits of this process, which its forks inherit."""
    return {kind: resource.getrlimit(kind)[1] for kind in _KINDS}


def apply_to_worker(hard: dict[int, int]) -> None:
    """Set those limits of a run that are the same for every run and do not affect a worker."""
    for kind, value in _FIXED:
        _limit(kind, value, hard)


def apply(limits: Limits, *, used: int, threads: int | None, hard: dict[int, int]) -> None:
    """Set the limits of this process and its children, which cannot raise them again."""
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds, hard)
    _limit(resource.RLIMIT_FSIZE, limits.file_mb * _MB, hard)
    _limit(resource.RLIMIT_NOFILE, limits.open_files, hard)
    if sys.platform == "linux":
        _limit(resource.RLIMIT_AS, used + limits.memory_mb * _MB, hard)
    if threads is not None:
        _limit(resource.RLIMIT_NPROC, threads, hard)


def _limit(kind: int, value: int, hard: dict[int, int]) -> None:
    most = hard[kind]
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(kind, (value, value))


_FIXED = [
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_MEMLOCK, 0),
    (resource.RLIMIT_STACK, 8 * _MB),
]
_KINDS = [
    *(resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC),
    *(kind for kind, _ in _FIXED),
]
if sys.platform == "linux":
    _FIXED.append((resource.RLIMIT_MSGQUEUE, 0))
    _KINDS.extend((resource.RLIMIT_AS, resource.RLIMIT_MSGQUEUE))
