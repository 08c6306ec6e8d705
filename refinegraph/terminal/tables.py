"""Tables that show every value, however narrow the terminal is."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from refinegraph.terminal.text import cut, printable

_GAP = 2
# Less room would show only the first word or two of a problem.
_LEAST_FREE = 12


class Column(NamedTuple):
    """A column of a table."""

    heading: str
    right: bool = False
    """Whether its values are aligned to the right, as numbers are."""
    free: bool = False
    """Whether the column takes the remaining width, to which its values are cut."""


def table_lines(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, width: int
) -> list[Text]:
    """Return a table that is at most `width` columns wide.

    If that is impossible, every row becomes a block with one line per value, which the terminal
    may wrap.

    >>> columns = [Column("name"), Column("right", right=True)]
    >>> for line in table_lines(columns, [("single", "40.0%")], width=80):
    ...     print(line)
    name    right
    single  40.0%
    >>> for line in table_lines(columns, [("single", "40.0%")], width=10):
    ...     print(line)
    single
      right: 40.0%
    """
    shown = [[printable(value) for value in row] for row in rows]
    widths = _widths(columns, shown, width)
    if widths is None:
        return [line for row in shown for line in _block(columns, row)]
    headings = [column.heading for column in columns]
    return [_line(columns, row, widths) for row in (headings, *shown)]


def _widths(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int
) -> list[int] | None:
    """Return the widths of the columns, or None if they do not fit side by side."""
    needed = [
        max(map(cell_len, (column.heading, *(row[index] for row in rows))))
        for index, column in enumerate(columns)
    ]
    fixed = sum(size for size, column in zip(needed, columns, strict=True) if not column.free)
    room = width - fixed - _GAP * (len(columns) - 1)
    free = any(column.free for column in columns)
    if room < (_LEAST_FREE if free else 0):
        return None
    return [
        min(size, room) if column.free else size
        for size, column in zip(needed, columns, strict=True)
    ]


def _line(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int]) -> Text:
    cells = [_cell(*cell) for cell in zip(columns, row, widths, strict=True)]
    return Text((" " * _GAP).join(cells).rstrip())


def _cell(column: Column, value: str, width: int) -> str:
    if column.free:
        value = cut(value, width)
    if column.right:
        return " " * (width - cell_len(value)) + value
    return set_cell_size(value, width)


def _block(columns: Sequence[Column], row: Sequence[str]) -> list[Text]:
    values = zip(columns[1:], row[1:], strict=True)
    return [Text(row[0]), *(Text(f"  {column.heading}: {value}") for column, value in values)]
