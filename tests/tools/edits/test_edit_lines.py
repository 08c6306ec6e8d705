"""Comparison, location, indentation and numbering of lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.tools.edits.elisions import elided_at, is_elision, split_at_elisions
from refinegraph.tools.edits.lines import (
    Reindent,
    as_block,
    block_lines,
    columns,
    indentation,
    join_text,
    loose_key,
    relative_keys,
    split_text,
)
from refinegraph.tools.edits.matching import (
    Span,
    find_close,
    find_spans,
    find_within_lines,
    find_without_blank_lines,
    similar_places,
)
from refinegraph.tools.edits.numbering import without_numbers

rows = st.lists(st.sampled_from(["a", "  b", "", "\tc", "a b"]), max_size=8)


@given(st.text(alphabet="a \t\n", max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_a_text_is_its_lines(text: str, line_end: str) -> None:
    written = text.replace("\n", line_end)
    assert join_text(split_text(written)) == written
    assert all("\r" not in line for line in split_text(written).lines)


@given(rows)
def test_a_block_is_its_lines(lines: list[str]) -> None:
    assert block_lines(as_block(lines)) == lines


@pytest.mark.parametrize(
    ("text", "line_end"), [("a\r\nb\r\nc\n", "\r\n"), ("a\r\nb\n", "\n"), ("a\r\nb\nc\n", "\n")]
)
def test_the_usual_line_end_of_a_text_counts(text: str, line_end: str) -> None:
    assert split_text(text).line_end == line_end


def test_indentation_is_measured_in_columns() -> None:
    assert [columns(line) for line in ("a", "  a", "\ta", "  \ta", "")] == [0, 2, 4, 4, 0]
    assert indentation(" \t a ") == " \t "
    assert relative_keys(["    a", "", "\t  b ", "  "]) == ["a", "", "  b", ""]
    assert relative_keys([]) == []
    assert loose_key("  “a”\t b  ") == '"a" b'


@pytest.mark.parametrize(
    ("pairs", "line", "indented"),
    [
        ([("a", "    b")], "x", "    x"),
        ([("a", "    b")], "  x", "      x"),
        ([("  a", "    b")], "x", "  x"),
        ([("    a", "  b")], "x", "x"),
        ([("a", "\tb")], "    x", "\t\tx"),
        ([("a", "\tb")], "      x", "\t\t  x"),
        ([("a", "b"), ("  a", "\tb")], "    x", "\t  x"),
        ([("a", "b"), ("    c", "\td")], "  x", "  x"),
        ([("a", "b"), ("  a", "    b"), ("    a", "        b")], "    x", "        x"),
        ([("a", "    b"), ("a", "        b")], "x", "    x"),
        ([("a", "    b")], "  ", "  "),
        ([("", "    b"), ("a", " ")], "  x", "  x"),
        ([], "  x", "  x"),
    ],
)
def test_new_lines_take_the_indentation_of_the_file(
    pairs: list[tuple[str, str]], line: str, indented: str
) -> None:
    assert Reindent(pairs)(line) == indented


def found(spans: list[Span]) -> list[tuple[int, int, str]]:
    return [(span.start, span.stop, span.matched_by) for span in spans]


@pytest.mark.parametrize(
    ("search", "lines", "places"),
    [
        (["b"], ["a", "b", "c", "b"], [(1, 2, "exact"), (3, 4, "exact")]),
        (["a", "a"], ["a", "a", "a"], [(0, 2, "exact"), (1, 3, "exact")]),
        (["c"], ["a", "b", "c"], [(2, 3, "exact")]),
        (["b "], ["a", "b", " b"], [(1, 2, "whitespace")]),
        (["b"], ["a", "  b"], [(1, 2, "whitespace")]),
        (["a", "  b"], ["    a", "      b"], [(0, 2, "whitespace")]),
        (["a", "b"], ["a", "", "b", "c"], [(0, 3, "whitespace")]),
        (["a", "", "b"], ["a", "b"], [(0, 2, "whitespace")]),
        (["f( “x” )"], ['f( "x" )'], [(0, 1, "whitespace")]),
        (["", "a"], ["", "", "a"], [(1, 3, "exact")]),
        ([""], ["a", "", "b"], [(1, 2, "exact")]),
        ([" "], ["a", "", "b"], []),
        ([], ["a"], []),
        (["a", "b"], ["a"], []),
    ],
)
def test_lines_are_located_by_the_first_method_that_matches(
    search: list[str], lines: list[str], places: list[tuple[int, int, str]]
) -> None:
    assert found(find_spans(search, lines)) == places


def test_pairs_map_lines_of_the_search_to_the_file() -> None:
    (span,) = find_spans(["a", "", "b"], ["x", "a", "b"])
    assert span.pairs == ((0, 1), (2, 2))
    (exact,) = find_spans(["a", "b"], ["x", "a", "b"])
    assert exact.pairs == ((0, 1), (1, 2))
    assert find_without_blank_lines(["", " "], ["", ""]) == []
    assert found(find_without_blank_lines(["a ", "b"], ["a", "", "b", " a", "b"])) == [
        (0, 3, "whitespace")
    ]


@pytest.mark.parametrize(
    ("part", "lines", "places"),
    [
        ("b", ["a b c", "ab", "b"], [(0, 2), (2, 0)]),
        ("b", ["ab bc b_ _b b1 (b) b"], [(0, 16), (0, 19)]),
        ("(b", ["a(b)", "a(bc)"], [(0, 1)]),
        ("", ["a"], []),
        ("a.a", ["a.a.a"], [(0, 0), (0, 2)]),
    ],
)
def test_a_part_of_a_line_is_no_part_of_a_word(
    part: str, lines: list[str], places: list[tuple[int, int]]
) -> None:
    assert [(at.line, at.column) for at in find_within_lines(part, lines)] == places


LINES = ["alpha = 1", "beta = 2", "", "gamma = 3", "delta = 4", "alpha = 9"]


def test_the_most_similar_places_come_first_and_none_overlap() -> None:
    places = similar_places(["alpha = 1", "betta = 2"], LINES, at_least=0.4)
    assert (places[0].start, places[0].stop) == (0, 2)
    assert places[0].ratio == pytest.approx(36 / 37)
    assert [place.ratio for place in places] == sorted((p.ratio for p in places), reverse=True)
    taken = [at for place in places for at in range(place.start, place.stop)]
    assert len(taken) == len(set(taken))
    same = similar_places(["alpha = 1"], LINES, at_least=0.88)
    assert [(place.start, place.stop) for place in same] == [(0, 1), (5, 6)]
    assert similar_places(["alpha = 1"], LINES, at_least=1.0)[0].ratio == 1.0
    assert similar_places(["", " "], LINES, at_least=0.1) == []


def test_a_similar_place_may_have_a_line_more() -> None:
    (whole, *_) = similar_places(["beta = 2", "gamma = 3", "delta = 4"], LINES, at_least=0.9)
    assert (whole.start, whole.stop) == (1, 5)


def test_a_search_through_a_huge_text_is_not_begun() -> None:
    assert similar_places(["x" * 40], ["x" * 1_400_000], at_least=0.0) == []


def test_one_miscopied_line_has_to_be_closer_than_a_block() -> None:
    block = ["result = compute(first)", "return result + offset", "print(result)"]
    miscopied = ["result = compute(fist)", "return results + ofset", "print(result)"]
    assert found(find_close(miscopied, ["x = 1", *block])) == [(1, 4, "close")]
    assert found(find_close(["result = compute(fist)"], block)) == [(0, 1, "close")]
    assert find_close(["resolt = compote(fast)"], block) == []
    assert found(find_close(["value == 1"], ["value = 1", "value = 2"])) == [(0, 1, "close")]
    twins = ["value1 = compute(1)", "value2 = compute(2)"]
    assert found(find_close(["value = compute(1)"], twins)) == [(0, 1, "close")]
    assert len(find_close(["value = compute()"], twins)) == 2
    (span,) = find_close(miscopied, ["result = compute(first)", "pass", *block[1:]])
    assert span.pairs == ((0, 0), (1, 2), (2, 3))


ELISIONS = [
    "...", "…", "    ...", "# ...", "// ... more", "# ... existing code ...", "/* … */", "<!-- ...",
    "# rest of the code", "-- rest of your code", "; unchanged lines", "# the code is unchanged",
    "# previous imports", "... rest of this function", "[... snip ...]", "(…)", "#(...)",
]  # fmt: skip
PLAIN = [
    "", "x = ...", "return [...]", "# the rest is added below", "def f(): ...", "..", "# restore",
    "a // ...", "[...] + x", "x  # rest of the code", "# the same",
]  # fmt: skip


@pytest.mark.parametrize("line", ELISIONS)
def test_lines_that_elide_code(line: str) -> None:
    assert is_elision(line)
    assert elided_at(["a", line, "b"]) == [1]
    assert elided_at(["a", line, "b"], original=[f"  {line} "]) == []
    assert split_at_elisions(["a", line, "b"]) == [["a"], ["b"]]
    assert split_at_elisions([line, "a"]) == [[], ["a"]]


@pytest.mark.parametrize("line", PLAIN)
def test_lines_that_are_literal_code(line: str) -> None:
    assert not is_elision(line)
    assert split_at_elisions(["a", line]) == [["a", line]]


@pytest.mark.parametrize(
    ("lines", "elided"),
    [
        (["def f():", "    ..."], []),
        (["def f():", "", "    ...", "", "x = 1"], []),
        (["def f():", "    ...", "    x = 1"], [1]),
        (["def f():", "    ...", "        x = 1"], [1]),
        (["def f():", "..."], [1]),
        (["x = 1", "    ..."], [1]),
        (["def f():", "    …"], [1]),
        (["def f():", "    ...", "  x = 1"], []),
    ],
)
def test_dots_that_are_a_whole_body_are_literal_code(lines: list[str], elided: list[int]) -> None:
    assert elided_at(lines) == elided


@pytest.mark.parametrize(
    ("lines", "first", "plain"),
    [
        (["3 | a", "4 |   b"], 3, ["a", "  b"]),
        (["  9: a", " 10: b"], 9, ["a", "b"]),
        (["a", "b"], None, []),
        (["3 | a", "3 | b"], None, []),
        (["3 | a", "b"], None, []),
    ],
)
def test_line_numbers_are_taken_off(lines: list[str], first: int | None, plain: list[str]) -> None:
    numbered = without_numbers(lines)
    if first is None:
        assert numbered is None
    else:
        assert numbered is not None
        assert (numbered.first, numbered.lines) == (first, plain)
