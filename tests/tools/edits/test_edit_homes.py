"""Edits of several files: the file to which an edit belongs, and atomicity."""

import pytest

from refinegraph.tools.edits import (
    DeleteFile,
    Edit,
    EditResult,
    LineEdit,
    RejectedEdit,
    Replacement,
    WholeFile,
    apply_edits,
)

FILES = {name: f"{name}\nx = 1\n" for name in "abcdef"}


def refusal_of(*edits: Edit, files: dict[str, str] | None = None) -> RejectedEdit:
    found = apply_edits(edits, FILES if files is None else files)
    assert isinstance(found, RejectedEdit)
    return found


def files_after(*edits: Edit, files: dict[str, str] | None = None) -> dict[str, str]:
    found = apply_edits(edits, FILES if files is None else files)
    assert isinstance(found, EditResult), found
    return dict(found.files)


def test_an_edit_without_a_path_goes_where_its_lines_stand_alone() -> None:
    assert files_after(Replacement(search="c\n", replace="C\n"))["c"] == "C\nx = 1\n"
    many = refusal_of(Replacement(search="x = 1\n", replace="x = 2\n"))
    assert (many.kind, many.edit) == ("no_path", 0)
    assert many.reason == (
        "Edit 1 names no file, and its lines are in a, b, c, d, e; "
        "write the path on the line before it."
    )
    second = refusal_of(
        Replacement(search="c\n", replace="C\n"), Replacement(search="q\n", replace="r\n")
    )
    assert (second.kind, second.edit) == ("no_path", 1)
    assert second.reason.startswith("Edit 2 names no file, and no file has its lines;")
    loose = refusal_of(Replacement(search="  c\n", replace="C\n"))
    assert loose.kind == "no_path", "only exact lines say where an edit belongs"
    numbered = refusal_of(LineEdit(first=1, last=1, text="q\n"))
    assert numbered.kind == "no_path"


def test_the_only_file_needs_no_path() -> None:
    only = {"a": "x = 1\ny = 2\n"}
    assert files_after(LineEdit(first=1, last=1, text="q\n"), files=only)["a"] == "q\ny = 2\n"
    refused = refusal_of(Replacement(search="z\n", replace="q\n"), files=only)
    assert refused.kind == "not_found"
    assert refused.text.splitlines()[1:] == ["a:", "   1 | x = 1", "   2 | y = 2"]


def test_line_edits_are_made_before_others_and_from_the_end() -> None:
    files = {"": "1\n2\n3\n4\n"}
    after = files_after(
        Replacement(search="2\n", replace="two\n2b\n"),
        LineEdit(first=1, last=1, text="one\n1b\n"),
        LineEdit(first=4, last=4, text="four\n"),
        files=files,
    )
    assert after[""] == "one\n1b\ntwo\n2b\n3\nfour\n"
    refused = refusal_of(
        Replacement(search="9\n", replace="q\n"), LineEdit(first=9, last=9, text=""), files=files
    )
    assert (refused.kind, refused.edit) == ("bad_lines", 1)


def test_files_are_written_deleted_and_begun() -> None:
    assert "a" not in files_after(DeleteFile(path="a"))
    assert files_after(WholeFile(text="q\n", path="new.py"))["new.py"] == "q\n"
    assert files_after(WholeFile(text="q\n", path="b"))["b"] == "q\n"
    begun = files_after(LineEdit(first=1, last=0, text="q\n", path="new.py"))
    assert begun["new.py"] == "q\n"
    assert files_after(Replacement(search="", replace="q\n", path="new.py"))["new.py"] == "q\n"
    for edit in (
        LineEdit(first=2, last=1, text="q\n", path="new.py"),
        LineEdit(first=1, last=1, text="q\n", path="new.py"),
        Replacement(search="x\n", replace="q\n", path="new.py"),
        DeleteFile(path="new.py"),
    ):
        assert refusal_of(edit).kind == "unknown_path"
    skipped = refusal_of(WholeFile(text="q\n# ... rest of the code\n", path="b"))
    assert skipped.kind == "elided"
    assert skipped.reason == "Edit 1 omits lines with '...'; write the file in full."


def test_edits_that_undo_one_another_change_nothing() -> None:
    there = Replacement(search="a\n", replace="q\n", path="a")
    back = Replacement(search="q\n", replace="a\n", path="a")
    assert refusal_of(there, back).kind == "no_change"
    same = refusal_of(WholeFile(text=FILES["a"], path="a"))
    assert same.kind == "no_change"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_changed_is_listed_once_in_the_order_of_the_edits(count: int) -> None:
    edits = [Replacement(search=f"{name}\n", replace="q\n", path=name) for name in "cab"[:count]]
    again = Replacement(search="x = 1\n", replace="y = 1\n", path="c")
    found = apply_edits([*edits, again], FILES)
    assert isinstance(found, EditResult)
    assert found.changed == tuple("cab"[:count])
    assert [edit.path for edit in found.edits] == [*"cab"[:count], "c"]
