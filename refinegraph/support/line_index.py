"""Sort the lines of several files by a number without holding the lines in memory."""

from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """A line of a file that ends with a line break."""

    file: int
    offset: int
    text: str
    """Without the line break."""


def placed_lines(paths: Sequence[Path]) -> Iterator[Place]:
    """Yield the whole lines of files, one file after the other; a torn last line is left out."""
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
    """Where lines stand, by a number for each: 24 bytes a line, however long it is.

    A number that is added twice keeps its last line.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._numbers = array("q")
        self._places = array("q")
        self._offsets = array("q")

    def add(self, number: int, place: Place) -> None:
        """Note a line."""
        self._numbers.append(number)
        self._places.append(place.file)
        self._offsets.append(place.offset)

    def lines(self) -> Iterator[str]:
        """Yield the lines by their numbers, each with its line break."""
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
