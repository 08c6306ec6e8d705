"""Stop texts that end an answer, found by this package itself."""

from collections.abc import Sequence
from typing import NamedTuple


class Stop(NamedTuple):
    """Where a stop text begins."""

    position: int
    text: str


def first_stop(text: str, stops: Sequence[str]) -> Stop | None:
    """Return the first stop text in a text; of several that begin together, the one named first.

    >>> first_stop("one\\ntwo", ["\\n", "w"])
    Stop(position=3, text='\\n')
    """
    found = (
        (position, number, stop)
        for number, stop in enumerate(stops)
        if stop and (position := text.find(stop)) >= 0
    )
    first = min(found, default=None)
    return None if first is None else Stop(first[0], first[2])
