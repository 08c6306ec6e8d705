"""A graph drawn with characters: nodes in a column, and jumps as lines beside it."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

Edge = tuple[str, str]

_LANE = 3
_CELL_WIDTH, _CELL_HEIGHT = 9, 19


class _Lane(NamedTuple):
    """An edge between nodes that are not adjacent in the drawing."""

    source: int
    target: int
    column: int

    @property
    def span(self) -> range:
        return range(min(self.source, self.target), max(self.source, self.target) + 1)


def draw_graph(edges: Iterable[Edge], *, start: str) -> str:
    """Return a drawing of the graph that can be reached from `start`.

    An edge to the next node is a vertical line; every other edge leaves at `─` and arrives at `◄`.

    >>> print(draw_graph([("a", "b"), ("b", "a"), ("b", "c")], start="a"))
      a ◄──╮
      │    │
      b ───╯
      │
      c
    """
    all_edges = list(edges)
    order = _order(all_edges, start)
    places = {name: 2 * position for position, name in enumerate(order)}
    lanes = _lanes([edge for edge in all_edges if edge[0] in places], places)
    margin = max(map(len, order)) + 4
    rows = [_row(number, order, all_edges, lanes, margin) for number in range(2 * len(order) - 1)]
    return "\n".join(row.rstrip() for row in rows)


def as_svg(drawing: str) -> str:
    """Return a drawing as an SVG that needs neither network nor fonts.

    >>> as_svg("a ◄──╮")[:4]
    '<svg'
    """
    lines = drawing.rstrip("\n").split("\n")
    width, height = _CELL_WIDTH * max(map(len, lines)) + 32, _CELL_HEIGHT * len(lines) + 32
    rows = "".join(_svg_line(line, number) for number, line in enumerate(lines) if line)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(lines[0])}" font-family="monospace" font-size="15">'
        f'<rect width="100%" height="100%" fill="#fff"/>{rows}</svg>\n'
    )


def _svg_line(line: str, number: int) -> str:
    """Return a line whose characters keep their columns in any font."""
    places = " ".join(str(16 + _CELL_WIDTH * column) for column in range(len(line)))
    shown = escape(line.replace(" ", "\u00a0"))
    return f'<text x="{places}" y="{_CELL_HEIGHT * number + 28}">{shown}</text>'


def _order(edges: Sequence[Edge], start: str) -> list[str]:
    """Order the nodes so that those closest to the end come last."""
    following: dict[str, list[str]] = {}
    for source, target in edges:
        following.setdefault(source, []).append(target)
    depth = _depths(edges)
    done: list[str] = []
    seen: set[str] = set()

    def visit(name: str) -> None:
        seen.add(name)
        for target in sorted(following.get(name, ()), key=lambda name: depth.get(name, 0)):
            if target not in seen:
                visit(target)
        done.append(name)

    visit(start)
    return done[::-1]


def _depths(edges: Sequence[Edge]) -> dict[str, int]:
    """Return the smallest number of steps from every node to an end of the graph."""
    sources = {source for source, _ in edges}
    depth = {target: 0 for _, target in edges if target not in sources}
    for steps in range(1, len(edges) + 1):
        for source, target in edges:
            if depth.get(target) == steps - 1:
                depth.setdefault(source, steps)
    return depth


def _lanes(edges: Sequence[Edge], places: dict[str, int]) -> list[_Lane]:
    """Assign every jump the innermost lane that is free along it."""
    jumps = {(places[source], places[target]) for source, target in edges}
    far = [jump for jump in jumps if jump[1] - jump[0] != 2]
    lanes: list[_Lane] = []
    for source, target in sorted(far, key=lambda jump: (abs(jump[0] - jump[1]), jump)):
        lane = _Lane(source, target, 0)
        taken = {other.column for other in lanes if set(other.span) & set(lane.span)}
        column = next(number for number in range(len(far)) if number not in taken)
        lanes.append(lane._replace(column=column))
    return lanes


def _row(
    number: int, order: Sequence[str], edges: Sequence[Edge], lanes: Sequence[_Lane], margin: int
) -> str:
    name, between = order[number // 2], number % 2 == 1
    if between:
        down = "│" if (name, order[number // 2 + 1]) in edges else ""
        return f"{'  ' + down:<{margin}}{_cells(number, lanes, [])}"
    left = f"  {name}"
    ends = [lane for lane in lanes if number in (lane.source, lane.target)]
    arrives = any(lane.target == number for lane in ends)
    if not ends:
        return f"{left:<{margin}}{_cells(number, lanes, ends)}"
    head = f"{left} {'◄' if arrives else '─'}"
    return f"{head:─<{margin}}{_cells(number, lanes, ends)}"


def _cells(number: int, lanes: Sequence[_Lane], ends: Sequence[_Lane]) -> str:
    return "".join(_cell(column, number, lanes, ends) for column in range(len(lanes)))


def _cell(column: int, number: int, lanes: Sequence[_Lane], ends: Sequence[_Lane]) -> str:
    """Return three columns of a row: two that lead to the lane, and the lane."""
    furthest = max((lane.column for lane in ends), default=-1)
    here = next((lane for lane in lanes if lane.column == column and number in lane.span), None)
    way = "─" * (_LANE - 1) if column <= furthest else " " * (_LANE - 1)
    if here is None:
        return way + ("─" if column < furthest else " ")
    if here not in ends:
        return way + ("┼" if column < furthest else "│")
    corner = "╮" if number == here.span.start else "╯"
    return way + ({"╮": "┬", "╯": "┴"}[corner] if column < furthest else corner)
