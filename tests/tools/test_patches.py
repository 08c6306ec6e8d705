"""Patches can be parsed after they are written, and git applies them."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.errors import InputError
from refinegraph.tools.patches import apply_patch, changed_lines, unified_patch

texts = st.text(st.sampled_from("ab\n -+@\\é\r\t"), max_size=40)
files = st.dictionaries(st.sampled_from(["a.py", "b c.py", "d/e.txt"]), st.none() | texts)


@given(files, files)
def test_a_patch_is_read_back(before: dict[str, str | None], after: dict[str, str | None]) -> None:
    paths = {*before, *after}
    patch = unified_patch(before, after)
    made = {path: before.get(path) for path in paths} | apply_patch(patch, before.get)
    # A diff has no hunk for an empty file, so that one is neither made nor deleted.
    assert {path: text or "" for path, text in made.items()} == {
        path: after.get(path) or "" for path in paths
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nx\nc\n"),
        ("a", "b"),
        ("a\n", "a"),
        (None, "new\nfile\n"),
        ("gone\n", None),
        ("a\r\nb\r\n", "a\r\nc\r\n"),
        ("x\n" * 40, "x\n" * 10 + "y\n" + "x\n" * 28),
        ("é\u2028b\n", "é\u2028c\n"),
    ],
)
def test_git_takes_it(tmp_path: Path, before: str | None, after: str | None) -> None:
    path = tmp_path / "a b.txt"
    if before is not None:
        path.write_bytes(before.encode())
    patch = unified_patch({"a b.txt": before}, {"a b.txt": after})
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch.encode(), check=True)
    assert (path.read_bytes().decode() if path.exists() else None) == after


def test_a_patch_that_does_not_fit_is_refused() -> None:
    patch = unified_patch({"a": "x\n"}, {"a": "y\n"})
    with pytest.raises(InputError, match="does not apply to line 1 of 'a'"):
        apply_patch(patch, {"a": "z\n"}.get)
    with pytest.raises(InputError):
        apply_patch(patch, lambda path: None)


def test_changed_lines_are_those_of_the_old_file() -> None:
    patch = unified_patch({"a": "1\n2\n3\n"}, {"a": "1\n2\nnew\n3\n"})
    assert changed_lines(patch) == {"a": [2, 3]}
    assert changed_lines(unified_patch({"a": "1\n2\n"}, {"a": "1\nx\n"}))["a"] == [2, 3]
