"""Measure the memory of a command's processes, from `/proc`."""

from contextlib import suppress
from pathlib import Path


class Memory:
    """Measure the memory of processes that is not backed by files, and keep the peak.

    Pages that a process shares with its forks count once per process.
    """

    def __init__(self) -> None:
        self.peak = 0

    def measure(self, first: int) -> int:
        """Return the bytes that a process and its descendants use."""
        if not first:
            return 0
        total = sum(map(_own_bytes, family_of(first)))
        self.peak = max(self.peak, total)
        return total

    @property
    def machine_is_short(self) -> bool:
        """Whether the machine is about to run out of memory, whatever uses it."""
        return _machine_is_short()


def family_of(first: int) -> list[int]:
    """Return a process and its descendants."""
    parents = _parents()
    family = [first]
    for member in family:
        family += [process for process, parent in parents.items() if parent == member]
    return family


def _parents() -> dict[int, int]:
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                after_name = (folder / "stat").read_bytes().rpartition(b")")[2]
                parents[int(folder.name)] = int(after_name.split()[1])
    return parents


def _own_bytes(process: int) -> int:
    try:
        lines = Path("/proc", str(process), "status").read_bytes().split(b"\n")
    except OSError:
        return 0
    rows = [line for line in lines if line.startswith((b"RssAnon:", b"RssShmem:"))]
    return sum(int(line.split()[1]) << 10 for line in rows)


def _machine_is_short() -> bool:
    try:
        lines = Path("/proc/meminfo").read_bytes().split(b"\n")[:3]
        total, _, available = (int(line.split()[1]) << 10 for line in lines)
    except (OSError, ValueError, IndexError):
        return False
    return available < min(_FLOOR, total // 20)


_FLOOR = 256 << 20
"""Bytes that remain available to the rest of the machine: enough to end a command properly."""
