"""Prose on a terminal is wrapped between words with a hanging indent; elsewhere it is unchanged."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from refinegraph.terminal.console import say

WORDS = st.lists(st.text("abc-", min_size=1, max_size=12), min_size=1, max_size=30).map(" ".join)


def printed(text: str, *, width: int, terminal: bool, indent: int | None = None) -> str:
    file = io.StringIO()
    console = Console(
        file=file, width=width, force_terminal=terminal, color_system=None, highlight=False
    )
    say(console, text, indent=indent)
    return file.getvalue()


@given(WORDS, st.integers(20, 100), st.integers(0, 8))
def test_lines_fit_and_no_word_is_broken_or_lost(text: str, width: int, margin: int) -> None:
    lines = printed(" " * margin + text, width=width, terminal=True).splitlines()
    assert all(cell_len(line) <= width for line in lines)
    assert " ".join(lines).split() == text.split()
    assert all(line.startswith(" " * margin) for line in lines)


@given(WORDS, st.integers(20, 100))
def test_nothing_is_wrapped_without_a_terminal(text: str, width: int) -> None:
    assert printed(text, width=width, terminal=False) == f"{text}\n"


def test_later_lines_begin_at_the_indent() -> None:
    text = "name      one two three four five"
    assert printed(text, width=24, terminal=True, indent=10) == (
        "name      one two three\n          four five\n"
    )


def test_blank_lines_between_paragraphs_are_kept() -> None:
    assert printed("one\n\ntwo", width=40, terminal=True) == "one\n\ntwo\n"
