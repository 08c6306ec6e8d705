"""Spectra, places in outputs, names in texts, and the combined ranking."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.errors import InputError
from refinegraph.tools.localisation import (
    FORMULAS,
    ExecutedLines,
    Line,
    Spectrum,
    describe_suspects,
    rank_suspects,
    suspiciousness,
)
from refinegraph.tools.localisation.frames import frames_of
from refinegraph.tools.localisation.mentions import mentioned_lines
from refinegraph.tools.localisation.recording import (
    PLUGIN_FOLDER,
    read_records,
    recording_environment,
)
from refinegraph.tools.localisation.spectrum import Counts

counts = st.tuples(*[st.integers(0, 50)] * 4).map(
    lambda row: Counts(row[0], row[1], row[0] + row[2], row[1] + row[3])
)


@given(counts, st.sampled_from(sorted(FORMULAS)))
def test_suspicion_is_a_share_and_needs_a_failure(row: Counts, formula: str) -> None:
    score = suspiciousness(row, formula)
    assert 0 <= score <= 1
    assert (score > 0) == (row.failed_on > 0)


@given(counts.filter(lambda row: row.failed_on > 0), st.sampled_from(sorted(FORMULAS)))
def test_a_passing_test_more_never_raises_suspicion(row: Counts, formula: str) -> None:
    more = row._replace(passed_on=row.passed_on + 1, passed=row.passed + 1)
    if formula != "tarantula":  # counts shares of passing tests, which another one changes
        assert suspiciousness(more, formula) <= suspiciousness(row, formula)


def test_formulas_by_hand() -> None:
    row = Counts(failed_on=1, passed_on=3, failed=2, passed=6)
    assert suspiciousness(row, "ochiai") == pytest.approx(1 / 8**0.5)
    assert suspiciousness(row, "tarantula") == pytest.approx(0.5)
    assert suspiciousness(row, "dstar") == pytest.approx(1 / 5)
    with pytest.raises(InputError, match="expected one of"):
        suspiciousness(row, "nothing")


def test_tests_are_chosen_by_the_lines_they_reach() -> None:
    spectrum = Spectrum(
        [
            ExecutedLines("a", True, frozenset({Line("m.py", 1)})),
            ExecutedLines("b", False, frozenset({Line("m.py", 2)})),
        ]
    )
    assert spectrum.tests_on([Line("m.py", 2), Line("m.py", 3)]) == ["b"]


@pytest.mark.parametrize(
    ("output", "file", "number"),
    [
        ('  File "/home/x/repo/src/shop/cart.py", line 12, in total', "src/shop/cart.py", 12),
        ("src/shop/cart.py:12: AssertionError", "src/shop/cart.py", 12),
        ("    at total (/repo/src/cart.js:7:13)", "src/cart.js", 7),
        ("    cart_test.go:9: want 1", "cart_test.go", 9),
        ("thread 'main' panicked at src/lib.rs:3:9:", "src/lib.rs", 3),
        ("\tat org.shop.Cart.total(Cart.java:31)", "src/main/java/org/shop/Cart.java", 31),
    ],
)
def test_places_are_found_in_outputs_of_many_languages(output: str, file: str, number: int) -> None:
    assert frames_of(output, [file, "other/thing.py"]) == [Line(file, number)]


def test_files_that_are_not_known_are_no_places() -> None:
    assert frames_of('File "/usr/lib/python3/ast.py", line 3, in parse', ["src/parse.py"]) == []


def test_names_point_at_definitions() -> None:
    source = "def total(x):\n    return x\n\n\ndef other():\n    return 1\n"
    lines = mentioned_lines("`total` returns nonsense", {"a.py": source})
    assert {line.number for line in lines} == {1, 2}


def test_evidence_adds_up_in_the_ranking() -> None:
    source = "def f(x):\n    y = x + 1\n    return y\n"
    spectrum = Spectrum(
        [
            ExecutedLines("bad", True, frozenset({Line("a.py", 2), Line("a.py", 3)})),
            ExecutedLines("good", False, frozenset({Line("a.py", 3)})),
        ]
    )
    ranked = rank_suspects(
        {"a.py": source}, spectrum=spectrum, outputs=["a.py:3: in f"], text="`f` is wrong"
    )
    assert [suspect.line for suspect in ranked] == [2, 3]
    assert ranked[1].reasons == (
        "executed by 1 of 1 failing and 1 of 1 passing tests",
        "named by a failing test's output",
        "in a definition that the description names",
    )
    assert "a.py:2" in describe_suspects(ranked)


PROGRAM = """\
def sign(x):
    if x < 0:
        return -1
    return 1


class Number:
    def __repr__(self):
        return "a number"
"""
SUITE = """\
from program import Number, sign


def test_negative():
    assert sign(-2) == -1


def test_positive():
    number = Number()
    assert sign(2) == 2
"""


MEASURING = """\
import sys
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    if not getattr(early_config.known_args_namespace, "no_cov", False):
        sys.modules["elsewhere"] = coverage = __import__("coverage").Coverage(data_file=None)
        coverage.start()
"""
"""A plug-in that measures the coverage of a session, as pytest-cov does."""


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        ({}, ""),
        ({"coverage.py": "raise ImportError\n"}, ""),
        ({"measuring.py": MEASURING}, "addopts = -p measuring\n"),
        ({}, "addopts = --showlocals\n"),
    ],
    ids=["with coverage", "without coverage", "while coverage is measured", "with values shown"],
)
def test_executed_lines_are_recorded_test_by_test(
    tmp_path: Path, files: dict[str, str], settings: str
) -> None:
    programs = {"program.py": PROGRAM, "test_program.py": SUITE, **files}
    for name, text in {"pytest.ini": f"[pytest]\n{settings}", **programs}.items():
        (tmp_path / name).write_text(text)
    records = tmp_path / "records.jsonl"
    variables = recording_environment(
        str(records), root=str(tmp_path), plugins=f"{tmp_path}{os.pathsep}{PLUGIN_FOLDER}"
    )
    environment = {**os.environ, **variables, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=False, stdout=subprocess.DEVNULL)
    tests = {
        record.test.partition("::")[2]: record
        for record in read_records(records.read_text(), files={"program.py"})
    }
    executed = {name: {line.number for line in tests[name].lines} - {1, 7, 8} for name in tests}
    assert executed == {"test_negative": {2, 3}, "test_positive": {2, 4}}
    assert [tests[name].failed for name in tests] == [False, True]


@given(st.text())
def test_damaged_records_are_left_out(text: str) -> None:
    good = json.dumps({"test": "t", "failed": False, "lines": {}})
    assert read_records(f"{good}\n{text!r}\n", files=set())[0].test == "t"
