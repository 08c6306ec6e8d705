"""Where the nodes of a tree go: generations from left to right, siblings from top to bottom."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

ROOT = ""
"""The id of the node above all that have no parent."""

_ROOMY, _LABELLED = 80, 300
"""Most candidates that are drawn with space for the names of their edges, and with labels. Beyond
that a label would be smaller than a letter on a screen."""
_BLOCK = 8
"""The number of childless siblings that share rows if nodes are drawn as dots."""
_BLOCK_WIDTH = 32
"""Nodes side by side in a block, so that a block fits into half a screen."""


class Spot(NamedTuple):
    """The middle of a node."""

    x: float
    y: float


@dataclass(frozen=True)
class Scale:
    """Sizes of a drawing in pixels."""

    row: float
    """From one sibling to the next."""
    node_width: float
    node_height: float
    gap: float
    """The distance from a node to the next generation, which contains the names of edges."""
    turn: float
    """The part of the gap in which an edge goes up or down."""

    @property
    def is_compact(self) -> bool:
        """Whether nodes are dots without labels."""
        return self.node_width < 20


def scale_for(candidates: int, *, label_length: int, name_length: int) -> Scale:
    """Return sizes that suit a number of candidates.

    Args:
        candidates: How many nodes there are.
        label_length: Characters of the longest label in a node.
        name_length: Characters of the longest name of an edge.
    """
    if candidates > _LABELLED:
        return Scale(row=14, node_width=10, node_height=10, gap=26, turn=26)
    width = 22 + 7.2 * label_length
    turn = 34
    gap = turn + 10 + 6.2 * name_length
    row = 40 if candidates <= _ROOMY else 30
    return Scale(row=row, node_width=width, node_height=24, gap=gap, turn=turn)


def place_nodes(children: Mapping[str, Sequence[str]], scale: Scale) -> dict[str, Spot]:
    """Return the position of each node, including the root.

    Every leaf has its own row, and a node is centred on its children. In a compact drawing, many
    leaves of one parent share rows. The work is linear in the number of nodes, and chains may be as
    deep as memory allows.
    """
    blocks = _blocks(children) if scale.is_compact else {}
    depths, order = _walk(children)
    rows: dict[str, float] = {}
    columns: dict[str, int] = {}
    free = 0
    for id in order:
        if children.get(id):
            ends = [rows[child] for child in children[id]]
            rows[id] = (min(ends) + max(ends)) / 2
        elif id not in rows:
            free = _place_leaves(blocks.get(id, [id]), free, rows, columns)
    step = scale.node_width + scale.gap
    left = scale.node_width / 2 + 6
    return {
        id: Spot(
            left + depth * step + columns.get(id, 0) * scale.row, (rows[id] + 0.5) * scale.row + 4
        )
        for id, depth in depths.items()
    }


def _blocks(children: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the leaves that share rows, for each of them."""
    leaves_of: dict[str, list[str]] = {}
    for below in children.values():
        leaves = [child for child in below if not children.get(child)]
        if len(leaves) >= _BLOCK:
            leaves_of.update(dict.fromkeys(leaves, leaves))
    return leaves_of


def _place_leaves(
    leaves: Sequence[str], free: int, rows: dict[str, float], columns: dict[str, int]
) -> int:
    """Place leaves from a row on, wider than high; return the next free row."""
    width = min(_BLOCK_WIDTH, math.ceil(1.6 * math.sqrt(len(leaves)))) if len(leaves) > 1 else 1
    for place, id in enumerate(leaves):
        rows[id], columns[id] = free + place // width, place % width
    return free + math.ceil(len(leaves) / width)


def _walk(children: Mapping[str, Sequence[str]]) -> tuple[dict[str, int], list[str]]:
    """Return the depth of each node, and the nodes with children before their parent."""
    depths = {ROOT: 0}
    order: list[str] = []
    stack = [(ROOT, False)]
    while stack:
        id, is_expanded = stack.pop()
        below = children.get(id, ())
        if is_expanded or not below:
            order.append(id)
            continue
        stack.append((id, True))
        for child in reversed(below):
            depths[child] = depths[id] + 1
            stack.append((child, False))
    return depths, order
