"""Sort the lines of several files by number without keeping the lines in memory."""

from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """A complete line of a file, and where it starts."""

    file: int
    offset: int
    text: str
    """The line without its line break."""


def placed_lines(paths: Sequence[Path]) -> Iterator[Place]:
    """Yield the complete lines of files, one file after the other, without a torn last line."""
    for number, path in enumerate(paths):
        if not path.exists():
            continue
        offset = 0
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield Place(number, offset, line[:-1].decode())
                offset += len(line)


class LineIndex:
    """The positions of lines by number, in 24 bytes per line of any length.

    If a number is added twice, the last line wins.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._numbers = array("q")
        self._places = array("q")
        self._offsets = array("q")

    def add(self, number: int, place: Place) -> None:
        """Add a line."""
        self._numbers.append(number)
        self._places.append(place.file)
        self._offsets.append(place.offset)

    def lines(self) -> Iterator[str]:
        """Yield the lines in the order of their numbers, with their line breaks."""
        order = sorted(range(len(self._numbers)), key=self._numbers.__getitem__)
        with ExitStack() as stack:
            files = [stack.enter_context(path.open("rb")) for path in self._paths]
            for at, entry in enumerate(order):
                follower = order[at + 1] if at + 1 < len(order) else None
                if follower is not None and self._numbers[follower] == self._numbers[entry]:
                    continue
                file = files[self._places[entry]]
                file.seek(self._offsets[entry])
                yield file.readline().decode()
