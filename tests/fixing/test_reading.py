"""Answers are parsed as patches, or rejected with a reason."""

from pathlib import Path

import pytest
from projects import CART, TESTS, shop

from refinegraph.fixing.reading import patch_reader
from refinegraph.fixing.sources import read_sources
from refinegraph.schema import Problem

PROBLEM = Problem(prompt="x", kind="repository")


def edit(path: str, search: str, replace: str) -> str:
    return f"{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


RIGHT = edit("shop/cart.py", "    if total > free_from:\n", "    if total >= free_from:\n")


@pytest.fixture
def reader(tmp_path: Path) -> patch_reader:
    return patch_reader(read_sources(shop(tmp_path)))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (edit("tests/test_cart.py", "    assert shipping(50) == 0\n", "    pass\n"), "tests"),
        (edit("conftest.py", "", "collect_ignore = ['tests']\n"), "conftest.py"),
        (edit("sitecustomize.py", "", "import os\nos._exit(0)\n"), "sitecustomize.py"),
        (edit("pytest.ini", "", "[pytest]\naddopts = --collect-only\n"), "pytest.ini"),
        (edit("shop/cart.py", "not there\n", "nor this\n"), "not in"),
        (edit("shop/cart.py", "    return 5\n", "    return (5\n"), "no longer valid Python"),
        (edit("../outside.py", "", "x = 1\n"), "outside"),
        ("I cannot see what is wrong.", ""),
    ],
)
def test_what_repairs_nothing_is_refused_in_a_sentence(
    reader: patch_reader, answer: str, reason: str
) -> None:
    reading = reader(answer, PROBLEM)
    assert reading.program is None
    assert reading.unusable and reason in reading.unusable


def test_changes_of_existing_tests_are_left_out(reader: patch_reader) -> None:
    answer = RIGHT + edit("tests/test_cart.py", "    assert shipping(10) == 5\n", "    pass\n")
    patch = reader(answer, PROBLEM).program
    assert patch == reader(RIGHT, PROBLEM).program
    assert patch and "tests/" not in patch


def test_new_tests_stay_in_the_patch(reader: patch_reader) -> None:
    patch = reader(RIGHT + edit("tests/test_new.py", "", TESTS), PROBLEM).program
    assert patch and "b/tests/test_new.py" in patch


def test_a_patch_is_read_back_as_itself(reader: patch_reader) -> None:
    reading = reader(RIGHT, PROBLEM)
    assert reading.program
    assert reader(reading.program, PROBLEM) == reading


def test_answers_with_the_same_syntax_trees_share_a_class(reader: patch_reader) -> None:
    other = f"shop/cart.py\n```python\n{CART.replace('> free_from:', '>=free_from:')}```\n"
    first, second = reader(RIGHT, PROBLEM), reader(other, PROBLEM)
    assert first.equivalence_class is not None
    assert first.equivalence_class == second.equivalence_class
    assert first.program != second.program


def test_protected_patterns_are_kept_back(tmp_path: Path) -> None:
    sources = read_sources(shop(tmp_path), protect=["shop/*.py"])
    reading = patch_reader(sources, protect=("shop/*.py",))(RIGHT, PROBLEM)
    assert reading.unusable and "protected" in reading.unusable
