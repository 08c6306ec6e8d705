"""Tables fit the width if possible, and never lose a value."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from refinegraph.terminal.tables import Column, table_lines

WORDS = st.text(st.sampled_from("ab 写函\x1b\n\ud800"), max_size=12)
COLUMNS = [Column("id"), Column("right", right=True), Column("problem", free=True)]


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=4), st.integers(1, 120))
def test_a_table_fits_or_becomes_blocks(rows: list[tuple[str, str, str]], width: int) -> None:
    lines = [line.plain for line in table_lines(COLUMNS, rows, width=width)]
    assert all(line.isprintable() for line in lines)
    if len(lines) == len(rows) + 1:
        assert all(cell_len(line) <= width for line in lines)
    else:
        assert len(lines) == len(rows) * len(COLUMNS)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=6), st.integers(1, 60))
def test_no_figure_is_cut(figures: list[int], width: int) -> None:
    columns = [Column("name"), *(Column(f"c{place}", right=True) for place in range(len(figures)))]
    row = ["x", *map(str, figures)]
    shown = " ".join(line.plain for line in table_lines(columns, [row], width=width)).split()
    assert all(str(figure) in shown for figure in figures)
