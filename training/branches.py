"""Training documents as trees, in which all roles on a task share its statement.

The statement is processed once. Every branch attends to the text on its path from the root, at the
positions that it would have without any other branch. One task therefore trains several roles at
little more than the cost of one.
"""

from dataclasses import dataclass, field
from typing import NamedTuple


class Branch(NamedTuple):
    """A piece of text that continues its parent: a part to read, then a part to write."""

    parent: int
    """The index of the branch that it continues; -1 for a root."""
    read: str
    write: str = ""
    """Empty if nothing is written; otherwise the end of the answer is learned as well."""
    weight: float = 1.0
    """The weight of the loss of a written token."""
    read_weight: float = 0.0
    """The weight of the loss of a read token, as if it had to be written."""


@dataclass
class Tree:
    """A list of branches in which every branch comes after its parent."""

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
        """Add a branch and return its index."""
        self.branches.append(Branch(parent, read, write, weight, read_weight))
        return len(self.branches) - 1
