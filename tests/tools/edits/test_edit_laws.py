"""Laws of edits, over texts with many equal and many similar lines."""

import difflib
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.tools.edits import (
    EditedProgram,
    EditResult,
    LineEdit,
    RejectedEdit,
    Replacement,
    apply_edits,
    edit_files,
    edit_program,
    read_edits,
)

_WORDS = ("x = 1", "    y = 2", "y = 2", "", "-- z", "++ z", "return x", "  @@ a", "x = 11")
lines = st.lists(st.sampled_from(_WORDS), max_size=14)
texts = lines.map(lambda rows: "".join(f"{row}\n" for row in rows))
_APART = ("alpha()", "    beta = 2", "", "-- gamma", "++ delta", "return epsilon", "  @@ zeta")
distinct = st.lists(st.sampled_from(_APART), max_size=6, unique=True)
blocks = distinct.map(lambda rows: "".join(f"{row}\n" for row in rows))


def diff(old: Sequence[str], new: Sequence[str], context: int) -> str:
    rows = difflib.unified_diff(old, new, "a/app.py", "b/app.py", n=context, lineterm="")
    return "\n".join(rows)


@settings(deadline=None)
@given(old=lines, new=lines, context=st.integers(0, 4))
def test_a_diff_gives_its_target(old: list[str], new: list[str], context: int) -> None:
    before = "".join(f"{row}\n" for row in old)
    after = "".join(f"{row}\n" for row in new)
    result = edit_files(f"```diff\n{diff(old, new, context)}\n```", {"app.py": before})
    if isinstance(result, EditResult):
        assert result.files["app.py"] == after
    elif old != new:
        assert result.kind == "already_applied"
        assert any(left == right for left, right in pairwise(new)), "equal lines hide the place"


@settings(deadline=None)
@given(old=lines, new=lines, start=st.integers(0, 13), size=st.integers(1, 5))
def test_a_unique_quotation_is_replaced_and_nothing_else(
    old: list[str], new: list[str], start: int, size: int
) -> None:
    search = old[start : start + size]
    places = [at for at in range(len(old)) if search and old[at : at + len(search)] == search]
    edit = Replacement(
        search="".join(f"{row}\n" for row in search), replace="".join(f"{row}\n" for row in new)
    )
    result = apply_edits([edit], {"": "".join(f"{row}\n" for row in old)})
    if isinstance(result, EditResult) and any(search):
        assert len(places) <= 1
        if places:
            expected = old[: places[0]] + new + old[places[0] + len(search) :]
            assert result.files[""] == "".join(f"{row}\n" for row in expected)


@settings(deadline=None)
@given(text=blocks, search=blocks, replace=blocks)
def test_an_edit_never_applies_twice_in_silence(text: str, search: str, replace: str) -> None:
    edit = Replacement(search=search, replace=replace)
    first = apply_edits([edit], {"": text})
    if isinstance(first, EditResult) and replace.split() and replace.split() != search.split():
        second = apply_edits([edit], first.files)
        assert isinstance(second, RejectedEdit), (first, second)


@settings(deadline=None)
@given(old=lines, first=st.integers(-1, 16), size=st.integers(-2, 6), new=texts)
def test_lines_by_number_are_replaced_or_refused(
    old: list[str], first: int, size: int, new: str
) -> None:
    edit = LineEdit(first=first, last=first + size, text=new)
    result = apply_edits([edit], {"": "".join(f"{row}\n" for row in old)})
    valid = 1 <= first <= len(old) + 1 and size >= -1 and first + size <= len(old)
    if not valid:
        assert isinstance(result, RejectedEdit)
    if isinstance(result, EditResult):
        assert result.files[""].startswith("".join(f"{row}\n" for row in old[: first - 1]))


@settings(deadline=None)
@given(answer=st.text(st.sampled_from("<>=-+@ \n`:#.1ab\r\té“"), max_size=120), text=texts)
def test_no_answer_raises_and_a_refused_one_changes_nothing(answer: str, text: str) -> None:
    files = {"": text}
    for truncated in (False, True):
        read_edits(answer, truncated=truncated)
        result = edit_program(answer, text, truncated=truncated)
        assert isinstance(result, EditedProgram | RejectedEdit)
    edit_files(answer, files)
    assert files == {"": text}


@settings(deadline=None)
@given(old=lines, changed=st.integers(0, 13))
def test_an_edit_with_another_indentation_keeps_that_of_the_file(
    old: list[str], changed: int
) -> None:
    body = [f"        step_{number}({row.strip()!r})" for number, row in enumerate(old)]
    if not body:
        return
    at = changed % len(body)
    text = "".join(f"{row}\n" for row in ["def f():", "    while True:", *body])
    search = f"{body[at].strip()}\n"
    result = apply_edits([Replacement(search=search, replace="if True:\n    go()\n")], {"": text})
    assert isinstance(result, EditResult)
    expected = [*body[:at], "        if True:", "            go()", *body[at + 1 :]]
    assert result.files[""].split("\n")[2:-1] == expected
