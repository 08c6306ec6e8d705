"""How much memory the processes of a command hold, read from `/proc`."""

from contextlib import suppress
from pathlib import Path


class Memory:
    """Adds up what processes hold that belongs to no file, and remembers the most.

    Pages shared by a process and its forks count for each of them.
    """

    def __init__(self) -> None:
        self.peak = 0

    def measure(self, first: int) -> int:
        """Return the bytes held by a process and all that descend from it."""
        if not first:
            return 0
        total = sum(map(_own_bytes, family_of(first)))
        self.peak = max(self.peak, total)
        return total

    @property
    def machine_is_short(self) -> bool:
        """Whether the machine is about to run out, also by what counts for no process."""
        return _machine_is_short()


def family_of(first: int) -> list[int]:
    """Return a process and its descendants."""
    parents = _parents()
    family = [first]
    for member in family:
        family += [process for process, parent in parents.items() if parent == member]
    return family


def _parents() -> dict[int, int]:
    found: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                after_name = (folder / "stat").read_bytes().rpartition(b")")[2]
                found[int(folder.name)] = int(after_name.split()[1])
    return found


def _own_bytes(process: int) -> int:
    try:
        lines = Path("/proc", str(process), "status").read_bytes().split(b"\n")
    except OSError:
        return 0
    held = [line for line in lines if line.startswith((b"RssAnon:", b"RssShmem:"))]
    return sum(int(line.split()[1]) << 10 for line in held)


def _machine_is_short() -> bool:
    try:
        lines = Path("/proc/meminfo").read_bytes().split(b"\n")[:3]
        total, _, available = (int(line.split()[1]) << 10 for line in lines)
    except (OSError, ValueError, IndexError):
        return False
    return available < min(_FLOOR, total // 20)


_FLOOR = 256 << 20
"""What is left to the rest of the machine: enough to end a command in an orderly way."""
