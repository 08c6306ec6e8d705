"""The operators of a graph by name, with the nodes of their stages."""

from collections.abc import Mapping
from typing import NamedTuple

from refinegraph.agents.operators import Operator, OperatorLike, as_operator
from refinegraph.errors import InputError

RESERVED = ("route", "score", "select", "accept")
"""Nodes of every graph, whose names no operator may use."""


class Stage(NamedTuple):
    """One node of an operator."""

    node: str
    operator: Operator
    following: str | None
    """The node of the next stage, or None for the last stage."""


class OperatorTable(NamedTuple):
    """The stages of every operator, in the order of the operators."""

    stages: Mapping[str, tuple[Stage, ...]]

    @property
    def entries(self) -> dict[str, str]:
        """The first node of each operator."""
        return {name: stages[0].node for name, stages in self.stages.items()}

    @property
    def nodes(self) -> tuple[Stage, ...]:
        """All stages of all operators."""
        return tuple(stage for stages in self.stages.values() for stage in stages)

    @property
    def proposing(self) -> frozenset[str]:
        """The operators that may produce candidates."""
        return frozenset(
            name
            for name, stages in self.stages.items()
            if any(stage.operator.proposes for stage in stages)
        )

    @property
    def longest(self) -> int:
        """The number of super-steps of the longest operator."""
        return max(len(stages) for stages in self.stages.values())


def operator_table(operators: Mapping[str, OperatorLike]) -> OperatorTable:
    """Return the table of a graph's operators; raise `InputError` for invalid names.

    The node of an operator's last stage has the operator's name; earlier stages have their own.

    >>> def look(task): ...
    >>> def mend(task): ...
    >>> table = operator_table({"repair": as_operator(look) >> mend})
    >>> [stage.node for stage in table.nodes]
    ['look', 'repair']
    """
    if not operators:
        raise InputError("a graph needs at least one operator, such as {'solve': Solver(model)}.")
    taken = {*RESERVED, *operators}
    stages: dict[str, tuple[Stage, ...]] = {}
    for name, thing in operators.items():
        _check_name(name)
        parts = as_operator(thing).stages
        earlier = [_free_name(part.name, name, taken) for part in parts[:-1]]
        nodes = [*earlier, name]
        following = [*nodes[1:], None]
        stages[name] = tuple(map(Stage, nodes, parts, following))
    return OperatorTable(stages)


def _check_name(name: str) -> None:
    if name in RESERVED:
        raise InputError(
            f"an operator cannot be named {name!r}, because every graph has a node of that name; "
            "choose another name."
        )
    if not name or any(letter in name for letter in "|:"):
        raise InputError(f"an operator cannot be named {name!r}; expected text without '|' or ':'.")


def _free_name(wanted: str, operator: str, taken: set[str]) -> str:
    """Return an unused name for a node, and mark it as used."""
    names = (wanted, f"{operator}_{wanted}")
    numbered = (f"{operator}_{wanted}_{number}" for number in range(2, 1000))
    free = next(name for name in (*names, *numbered) if name not in taken)
    taken.add(free)
    return free
