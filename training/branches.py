"""Training documents as trees: all roles on one task share the statement that they begin with.

A statement is read once, and every branch sees what stands on its way from the root, at the places
that it would have if nothing else stood beside it. So one task teaches several roles at little more
than the price of one.
"""

from dataclasses import dataclass, field
from typing import NamedTuple


class Branch(NamedTuple):
    """A stretch of text that goes on from its parent: what is read, then what is to be written."""

    parent: int
    """The number of the branch that it goes on from; -1 for none."""
    read: str
    write: str = ""
    """Empty where nothing is written; otherwise the end of the answer is learned too."""
    weight: float = 1.0
    """How much a token that is written counts."""
    read_weight: float = 0.0
    """How much a token that is read counts, as if it were to be written."""


@dataclass
class Tree:
    """Branches in order, each after its parent."""

    branches: list[Branch] = field(default_factory=list[Branch])

    def add(
        self,
        parent: int,
        read: str,
        write: str = "",
        *,
        weight: float = 1.0,
        read_weight: float = 0.0,
    ) -> int:
        """Add a branch and return its number."""
        self.branches.append(Branch(parent, read, write, weight, read_weight))
        return len(self.branches) - 1
