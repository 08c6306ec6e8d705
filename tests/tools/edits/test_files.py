"""Edits of several files at once."""

import pytest

from refinegraph.tools.edits import (
    DeleteFile,
    EditResult,
    LineEdit,
    RejectedEdit,
    Replacement,
    WholeFile,
    apply_edits,
    edit_files,
)

FILES = {
    "src/shop/cart.py": "def total(items):\n    return sum(items) + 1\n",
    "src/shop/tax.py": "RATE = 0.2\n\n\ndef tax(price):\n    return price * RATE\n",
    "tests/test_cart.py": "def test_total():\n    assert total([1]) == 1\n",
    "README.md": "# Shop\n\n```python\ntotal([1])\n```\n",
}
BLOCK = (
    "<<<<<<< SEARCH\n    return sum(items) + 1\n=======\n    return sum(items)\n>>>>>>> REPLACE\n"
)
HEADINGS = (
    "src/shop/cart.py\n",
    "`src/shop/cart.py`:\n",
    "**src/shop/cart.py**\n\n",
    "### File: src/shop/cart.py\n",
    "# src/shop/cart.py\n",
    "cart.py\n",
    "./src/shop/cart.py\n",
    "/home/me/project/src/shop/cart.py\n",
    "src\\shop\\cart.py\n",
    "",
)


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_path_is_read_in_every_usual_form(heading: str) -> None:
    applied = edit_files(f"The bug is here.\n\n{heading}{BLOCK}", FILES)
    assert isinstance(applied, EditResult), applied
    assert applied.changed == ("src/shop/cart.py",)
    assert applied.files["src/shop/cart.py"] == "def total(items):\n    return sum(items)\n"


def test_edits_of_several_files_are_applied_together() -> None:
    tax = "src/shop/tax.py\n<<<<<<< SEARCH\nRATE = 0.2\n=======\nRATE = 0.19\n>>>>>>> REPLACE\n"
    applied = edit_files(f"src/shop/cart.py\n{BLOCK}\nand\n\n{tax}", FILES)
    assert isinstance(applied, EditResult)
    assert applied.changed == ("src/shop/cart.py", "src/shop/tax.py")
    assert applied.files["README.md"] == FILES["README.md"]


def test_a_later_block_without_a_path_belongs_to_the_file_before_it() -> None:
    second = "<<<<<<< SEARCH\ndef total(items):\n=======\ndef total(items=()):\n>>>>>>> REPLACE\n"
    applied = edit_files(f"src/shop/cart.py\n{BLOCK}{second}", FILES)
    assert isinstance(applied, EditResult)
    assert applied.files["src/shop/cart.py"] == "def total(items=()):\n    return sum(items)\n"


def test_where_one_edit_is_refused_none_is_applied() -> None:
    broken = "src/shop/tax.py\n<<<<<<< SEARCH\nno such line\n=======\nx\n>>>>>>> REPLACE\n"
    refusal = edit_files(f"src/shop/cart.py\n{BLOCK}{broken}", FILES)
    assert isinstance(refusal, RejectedEdit)
    assert (refusal.kind, refusal.edit) == ("not_found", 1)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("src/shop/carts.py", "unknown_path"),
        ("../outside.py", "bad_path"),
        ("/etc/passwd.txt", "bad_path"),
        ("C:\\windows\\system.ini", "bad_path"),
    ],
)
def test_an_edit_of_a_file_that_is_not_there_is_refused(path: str, kind: str) -> None:
    edit = Replacement(search="x\n", replace="y\n", path=path)
    refusal = apply_edits([edit], FILES)
    assert isinstance(refusal, RejectedEdit)
    assert refusal.kind == kind


def test_a_misspelt_path_gets_a_suggestion() -> None:
    edit = Replacement(search="x\n", replace="y\n", path="src/shop/carts.py")
    refusal = apply_edits([edit], FILES)
    assert isinstance(refusal, RejectedEdit)
    assert "Did you mean src/shop/cart.py" in refusal.reason


def test_a_new_file_is_written_by_an_empty_search_or_in_full() -> None:
    by_block = "src/shop/new.py\n<<<<<<< SEARCH\n=======\nX = 1\n>>>>>>> REPLACE\n"
    in_full = "src/shop/new.py\n```python\nX = 1\n```"
    by_diff = "```diff\n--- /dev/null\n+++ b/src/shop/new.py\n@@ -0,0 +1 @@\n+X = 1\n```"
    for answer in (by_block, in_full, by_diff):
        applied = edit_files(answer, FILES)
        assert isinstance(applied, EditResult), answer
        assert applied.files["src/shop/new.py"] == "X = 1\n"


def test_a_new_file_outside_the_project_is_refused() -> None:
    refusal = apply_edits([WholeFile(text="x", path="../../x.py")], FILES)
    assert isinstance(refusal, RejectedEdit)
    assert refusal.kind == "bad_path"


def test_a_file_is_deleted_by_a_diff_to_nowhere() -> None:
    diff = (
        "```diff\n--- a/tests/test_cart.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-def test_total():\n"
        "-    assert total([1]) == 1\n```"
    )
    applied = edit_files(diff, FILES)
    assert isinstance(applied, EditResult)
    assert "tests/test_cart.py" not in applied.files
    assert apply_edits([DeleteFile(path="none.py")], FILES) == edit_refusal("none.py")


def edit_refusal(path: str) -> RejectedEdit:
    return RejectedEdit(kind="unknown_path", reason=f"There is no file {path!r}.")


def test_an_edit_without_a_path_needs_lines_that_stand_in_one_file_alone() -> None:
    files = {"a.py": "x = 1\n", "b.py": "x = 1\n"}
    refusal = apply_edits([Replacement(search="x = 1\n", replace="x = 2\n")], files)
    assert isinstance(refusal, RejectedEdit)
    assert refusal.kind == "no_path"
    assert "a.py, b.py" in refusal.reason


def test_numbered_edits_refer_to_the_original_file() -> None:
    edits = [
        LineEdit(first=1, last=1, text="A\nA\n"),
        LineEdit(first=3, last=3, text="C\n"),
        LineEdit(first=5, last=4, text="E\n"),
    ]
    applied = apply_edits(edits, {"": "a\nb\nc\nd\n"})
    assert isinstance(applied, EditResult)
    assert applied.files[""] == "A\nA\nb\nC\nd\nE\n"
