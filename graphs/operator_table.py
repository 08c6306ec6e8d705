"""The operators of a graph by name, and the nodes that their stages become."""

from collections.abc import Mapping
from typing import NamedTuple

from refinegraph.agents.operators import Operator, OperatorLike, as_operator
from refinegraph.errors import InputError

RESERVED = ("route", "score", "select", "accept")
"""Nodes that every graph has; no operator may take their names."""


class Stage(NamedTuple):
    """One node of an operator."""

    node: str
    operator: Operator
    following: str | None
    """The node of the next stage; None for the last one."""


class OperatorTable(NamedTuple):
    """Every operator's stages, in the order in which they were given."""

    stages: Mapping[str, tuple[Stage, ...]]

    @property
    def entries(self) -> dict[str, str]:
        """The node at which each operator's moves begin."""
        return {name: stages[0].node for name, stages in self.stages.items()}

    @property
    def nodes(self) -> tuple[Stage, ...]:
        """All stages of all operators."""
        return tuple(stage for stages in self.stages.values() for stage in stages)

    @property
    def proposing(self) -> frozenset[str]:
        """The operators that may make candidates."""
        return frozenset(
            name
            for name, stages in self.stages.items()
            if any(stage.operator.proposes for stage in stages)
        )

    @property
    def longest(self) -> int:
        """How many super-steps the longest operator takes."""
        return max(len(stages) for stages in self.stages.values())


def operator_table(operators: Mapping[str, OperatorLike]) -> OperatorTable:
    """Return the table of a graph's operators; raises `InputError` for names that do not fit.

    The last stage of an operator is known by the operator's own name, the ones before it by theirs.

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
            f"an operator cannot be named {name!r}: every graph has a node of that name. "
            "Choose another name."
        )
    if not name or any(letter in name for letter in "|:"):
        raise InputError(f"an operator cannot be named {name!r}; expected text without '|' or ':'.")


def _free_name(wanted: str, operator: str, taken: set[str]) -> str:
    """Return a node's name that nobody has, and take it."""
    names = (wanted, f"{operator}_{wanted}")
    numbered = (f"{operator}_{wanted}_{number}" for number in range(2, 1000))
    free = next(name for name in (*names, *numbered) if name not in taken)
    taken.add(free)
    return free
