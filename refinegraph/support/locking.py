"""An advisory file lock that is released when its process ends."""

from pathlib import Path
from typing import IO


class Locked(Exception):
    """Another process holds the lock."""


def lock(path: Path) -> IO[str]:
    """Lock a file and return it open; closing it releases the lock. Its directory must exist.

    On systems without advisory locks, nothing is locked. Raises `Locked` if another process holds
    the lock.
    """
    file = path.open("a", encoding="utf-8")
    try:
        import fcntl
    except ImportError:
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise Locked from None
    return file


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock."""
    if not path.exists():
        return False
    try:
        lock(path).close()
    except Locked:
        return True
    return False
