"""Places, names and executed lines become one ranking, number by number."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.errors import InputError
from refinegraph.tools.localisation.frames import frame_scores, frames_of
from refinegraph.tools.localisation.mentions import mentioned_lines, names_in
from refinegraph.tools.localisation.ranking import rank_suspects
from refinegraph.tools.localisation.spectrum import (
    Counts,
    ExecutedLines,
    Line,
    Spectrum,
    suspiciousness,
)

counts = st.builds(
    lambda failed_on, passed_on, failed, passed: Counts(
        failed_on, passed_on, failed_on + failed, passed_on + passed
    ),
    *(st.integers(0, 9) for _ in range(4)),
)


@given(counts)
def test_formulas_are_those_of_their_papers(row: Counts) -> None:
    on, off, failed, passed = row
    if not on:
        assert {suspiciousness(row, name) for name in ("ochiai", "dstar", "tarantula")} == {0.0}
        return
    assert suspiciousness(row) == pytest.approx(on / math.sqrt(failed * (on + off)))
    star = on**2 / (off + failed - on) if off + failed - on else math.inf
    expected = 1.0 if math.isinf(star) else star / (1 + star)
    assert suspiciousness(row, "dstar") == pytest.approx(expected)
    shares = on / failed, (off / passed if passed else 0.0)
    assert suspiciousness(row, "tarantula") == pytest.approx(shares[0] / sum(shares))


def test_unknown_formulas_are_refused() -> None:
    with pytest.raises(InputError, match="unknown formula 'x'; expected one of ochiai, dstar"):
        suspiciousness(Counts(1, 1, 1, 1), "x")


A, B, C = (Line("a.py", number) for number in (1, 2, 3))
SPECTRUM = Spectrum(
    [
        ExecutedLines("f1", True, frozenset({A, B})),
        ExecutedLines("f2", True, frozenset({B})),
        ExecutedLines("p1", False, frozenset({A, C})),
        ExecutedLines("p2", False, frozenset({A})),
        ExecutedLines("p3", False, frozenset()),
    ]
)


def test_a_spectrum_counts_both_kinds_of_tests() -> None:
    assert SPECTRUM.counts(A) == Counts(1, 2, 2, 3)
    assert SPECTRUM.counts(C) == Counts(0, 1, 2, 3)
    assert set(SPECTRUM.scores()) == {A, B}
    assert SPECTRUM.scores()[B] == 1.0
    assert SPECTRUM.tests_on([A]) == ["f1", "p1", "p2"]
    assert SPECTRUM.tests_on([B, C]) == ["f1", "f2", "p1"]
    assert SPECTRUM.tests_on([]) == []


SOURCES = {"a.py": "x = 1\ny = 2\nz = 3\n# why\n\ndef f():\n    return 1\n", "b.js": "// no\nq()\n"}


def test_evidence_is_combined_as_independent_doubts() -> None:
    ranked = rank_suspects(
        SOURCES,
        spectrum=SPECTRUM,
        outputs=["a.py:1: in g", "a.py:7: in f\na.py:2: in h"],
        text="`f` is wrong",
    )
    scores = {(found.path, found.line): found.score for found in ranked}
    ochiai = 1 / math.sqrt(2 * 3)
    assert scores == {
        ("a.py", 2): round(1 - 0.2 * 0.5, 6),
        ("a.py", 1): round(1 - (1 - 0.8 * ochiai) * 0.5, 6),
        ("a.py", 7): round(1 - (1 - 0.5 * 0.5) * (1 - 0.3), 6),
    }
    assert [found.line for found in ranked] == [2, 1, 7]
    assert ranked[0].source == "y = 2"
    assert ranked[0].reasons == (
        "executed by 2 of 2 failing and 0 of 3 passing tests",
        "named by a failing test's output",
    )
    assert ranked[2].reasons[-1] == "in a definition that the description names"
    assert [found.line for found in rank_suspects(SOURCES, spectrum=SPECTRUM, limit=1)] == [2]
    equal = rank_suspects(SOURCES, outputs=["a.py:3: x", "b.js:2:1", "a.py:1: y"])
    assert [(found.path, found.line) for found in equal] == [("a.py", 1), ("a.py", 3), ("b.js", 2)]


@pytest.mark.parametrize(
    ("place", "kept"),
    [("a.py:3", True), ("a.py:4", False), ("a.py:5", False), ("a.py:6", False), ("a.py:99", False),
     ("a.py:0", False), ("b.js:1", True), ("c.py:1", False)],
)  # fmt: skip
def test_only_lines_with_code_are_suspects(place: str, kept: bool) -> None:
    assert bool(rank_suspects(SOURCES, outputs=[place])) is kept


def test_the_innermost_frame_counts_most_and_the_best_output_decides() -> None:
    files = ["src/a.py", "b.py"]
    first = 'File "/t/src/a.py", line 1, in f\nFile "/t/b.py", line 2, in g\nsrc/a.py:3: E'
    scores = frame_scores([first, "b.py:2"], files)
    assert scores == {
        Line("src/a.py", 3): 1.0, Line("b.py", 2): 1.0, Line("src/a.py", 1): 0.25
    }  # fmt: skip


@pytest.mark.parametrize(
    ("output", "files", "found"),
    [
        ("/x/pkg/a.py:3", ["a.py", "pkg/a.py"], [("pkg/a.py", 3)]),
        ("a.py:3", ["p/a.py", "q/a.py"], []),
        ("a.py:3", ["p/a.py"], [("p/a.py", 3)]),
        ("./p/a.py:3", ["p/a.py"], [("p/a.py", 3)]),
        ("p\\a.py:3", ["p/a.py"], [("p/a.py", 3)]),
        ("ba.py:3", ["a.py"], []),
        ("a.py:3 a.py:3 a.py:1", ["a.py"], [("a.py", 3), ("a.py", 1)]),
        ("a.py(3)", ["a.py"], [("a.py", 3)]),
        ('b.py:2 File "a.py", line 1', ["a.py", "b.py"], [("b.py", 2), ("a.py", 1)]),
        ("a.py line 3", ["a.py"], []),
    ],
)
def test_places_are_those_of_known_files(
    output: str, files: list[str], found: list[tuple[str, int]]
) -> None:
    assert [tuple(line) for line in frames_of(output, files)] == found


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("`a.b` and ``c``", {"a", "b", "c"}), ("do_it now", {"do_it"}), ("call(x)", {"call"}),
        ("MyCart breaks", {"MyCart"}), ("The Cart is wrong", set()), ("`a", set()),
        ("a plain text", set()),
    ],
)  # fmt: skip
def test_names_that_are_meant_as_code(text: str, names: set[str]) -> None:
    assert names_in(text) == names


def test_a_name_of_several_definitions_says_less_of_each() -> None:
    source = "def go(x):\n    return 1\n\nclass Cart:\n    def go(self):\n        pass\n"
    scores = mentioned_lines("`go` and `Cart` fail", {"a.py": source, "b.py": "x = ("})
    assert scores == {
        Line("a.py", 1): 0.5, Line("a.py", 2): 0.5, Line("a.py", 4): 0.5,
        Line("a.py", 5): 0.5, Line("a.py", 6): 0.5,
    }  # fmt: skip
    alone = mentioned_lines("`Cart`", {"a.py": source})
    assert alone == {Line("a.py", number): 0.5 for number in (4, 5, 6)}
    whole = mentioned_lines("`f`", {"a.py": "def f():\n    return 1\n"})
    assert whole == {Line("a.py", 1): 1.0, Line("a.py", 2): 1.0}
    assert mentioned_lines("nothing", {"a.py": source}) == {}
