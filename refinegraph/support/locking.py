"""One writer at a time: an advisory lock that ends with the process that holds it."""

from pathlib import Path
from typing import IO


class Locked(Exception):
    """Another process holds the lock."""


def lock(path: Path) -> IO[str]:
    """Return the open file that holds the lock until it is closed; its folder must exist.

    Where the system has no advisory locks, nothing is held. Raises `Locked` where another process
    holds it.
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
    """Whether a process holds the lock."""
    if not path.exists():
        return False
    try:
        lock(path).close()
    except Locked:
        return True
    return False
