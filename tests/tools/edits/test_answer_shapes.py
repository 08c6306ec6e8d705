"""Formats in which weak models write edits, each with the intended program."""

# ruff: noqa: E501 (answers are kept as models write them)

import pytest

from refinegraph.tools.edits import EditedProgram, RejectedEdit, edit_program

PROGRAM = '''\
def total(values):
    """Return the sum of the positive values."""
    result = 0
    for value in values:
        if value > 1:
            result += value
    return result
'''
WANTED = PROGRAM.replace("value > 1", "value > 0")

SHAPES = {
    "aider": """\
I'll fix the bound.

total.py
```python
<<<<<<< SEARCH
        if value > 1:
=======
        if value > 0:
>>>>>>> REPLACE
```
Now it counts ones.""",
    "no fence": "<<<<<<< SEARCH\n        if value > 1:\n=======\n        if value > 0:\n>>>>>>> REPLACE",
    "older markers": (
        "<<<<<<< ORIGINAL\n        if value > 1:\n=======\n        if value > 0:\n>>>>>>> UPDATED\n"
    ),
    "git conflict": "<<<<<<< HEAD\n        if value > 1:\n=======\n        if value > 0:\n>>>>>>> fix",
    "cline": "------- SEARCH\n        if value > 1:\n=======\n        if value > 0:\n+++++++ REPLACE",
    "wrong marker lengths": (
        "<<<<< SEARCH\n        if value > 1:\n=====\n        if value > 0:\n>>>>>>>> REPLACE"
    ),
    "lower case": "<<<<<<< search\n        if value > 1:\n=======\n        if value > 0:\n>>>>>>> replace",
    "indentation lost": "<<<<<<< SEARCH\nif value > 1:\n=======\nif value > 0:\n>>>>>>> REPLACE",
    "block dedented": (
        "<<<<<<< SEARCH\nfor value in values:\n    if value > 1:\n        result += value\n=======\n"
        "for value in values:\n    if value > 0:\n        result += value\n>>>>>>> REPLACE"
    ),
    "indented by two": (
        "<<<<<<< SEARCH\n  for value in values:\n    if value > 1:\n      result += value\n=======\n"
        "  for value in values:\n    if value > 0:\n      result += value\n>>>>>>> REPLACE"
    ),
    "tabs": (
        "<<<<<<< SEARCH\n\t\tif value > 1:\n\t\t\tresult += value\n=======\n"
        "\t\tif value > 0:\n\t\t\tresult += value\n>>>>>>> REPLACE"
    ),
    "trailing spaces": (
        "<<<<<<< SEARCH   \n        if value > 1:   \n=======  \n        if value > 0:\n>>>>>>> REPLACE "
    ),
    "carriage returns": (
        "<<<<<<< SEARCH\r\n        if value > 1:\r\n=======\r\n        if value > 0:\r\n"
        ">>>>>>> REPLACE\r\n"
    ),
    "blank lines added": (
        "<<<<<<< SEARCH\n\n    for value in values:\n\n        if value > 1:\n\n=======\n\n"
        "    for value in values:\n\n        if value > 0:\n\n>>>>>>> REPLACE"
    ),
    "line numbers": (
        "<<<<<<< SEARCH\n4 |     for value in values:\n5 |         if value > 1:\n=======\n"
        "4 |     for value in values:\n5 |         if value > 0:\n>>>>>>> REPLACE"
    ),
    "line numbers in the search alone": (
        "<<<<<<< SEARCH\n4:     for value in values:\n5:         if value > 1:\n=======\n"
        "    for value in values:\n        if value > 0:\n>>>>>>> REPLACE"
    ),
    "fences inside": (
        "<<<<<<< SEARCH\n```python\n        if value > 1:\n```\n=======\n```python\n"
        "        if value > 0:\n```\n>>>>>>> REPLACE"
    ),
    "no end marker, fence": (
        "```\n<<<<<<< SEARCH\n        if value > 1:\n=======\n        if value > 0:\n```\nDone."
    ),
    "no end marker": "<<<<<<< SEARCH\n        if value > 1:\n=======\n        if value > 0:\n",
    "elided": (
        "<<<<<<< SEARCH\ndef total(values):\n    # ... existing code ...\n        if value > 1:\n"
        "    ...\n=======\ndef total(values):\n    # ... existing code ...\n        if value > 0:\n"
        "    ...\n>>>>>>> REPLACE"
    ),
    "part of a line": "<<<<<<< SEARCH\nvalue > 1\n=======\nvalue > 0\n>>>>>>> REPLACE",
    "said twice": (
        "<<<<<<< SEARCH\n        if value > 1:\n=======\n        if value > 0:\n>>>>>>> REPLACE\n"
        "<<<<<<< SEARCH\n        if value > 1:\n=======\n        if value > 0:\n>>>>>>> REPLACE\n"
    ),
    "path as a comment": (
        "```python\n# total.py\n<<<<<<< SEARCH\n        if value > 1:\n=======\n"
        "        if value > 0:\n>>>>>>> REPLACE\n```"
    ),
    "path behind the marker": (
        "<<<<<<< SEARCH total.py\n        if value > 1:\n=======\n        if value > 0:\n"
        ">>>>>>> REPLACE"
    ),
    "miscopied": (
        "<<<<<<< SEARCH\n    for val in values:\n        if value > 1:\n            result += value\n"
        "=======\n    for val in values:\n        if value > 0:\n            result += value\n"
        ">>>>>>> REPLACE"
    ),
    "comment dropped": (
        "<<<<<<< SEARCH\ndef total(values):\n    result = 0\n    for value in values:\n"
        "        if value > 1:\n            result += value\n=======\ndef total(values):\n"
        "    result = 0\n    for value in values:\n        if value > 0:\n"
        "            result += value\n>>>>>>> REPLACE"
    ),
    "tags": "<search>\n        if value > 1:\n</search>\n<replace>\n        if value > 0:\n</replace>",
    "old and new": (
        "<old_str>        if value > 1:</old_str>\n<new_str>        if value > 0:</new_str>"
    ),
    "headings": (
        "**Search:**\n```python\n        if value > 1:\n```\n\n**Replace with:**\n```python\n"
        "        if value > 0:\n```"
    ),
    "git diff": """\
```diff
diff --git a/total.py b/total.py
index 83db48f..bf2a1b0 100644
--- a/total.py
+++ b/total.py
@@ -4,3 +4,3 @@ def total(values):
     for value in values:
-        if value > 1:
+        if value > 0:
             result += value
```""",
    "bare diff": "--- total.py\n+++ total.py\n@@ -5 +5 @@\n-        if value > 1:\n+        if value > 0:",
    "wrong counts": """\
```diff
--- a/total.py
+++ b/total.py
@@ -1,9 +1,2 @@
     for value in values:
-        if value > 1:
+        if value > 0:
             result += value
```""",
    "no line numbers": (
        "```diff\n@@ ... @@\n     for value in values:\n-        if value > 1:\n"
        "+        if value > 0:\n```"
    ),
    "diff without a header": "```diff\n-        if value > 1:\n+        if value > 0:\n```",
    "diff without its blanks": (
        "```diff\n@@ -4,3 +4,3 @@\n    for value in values:\n-        if value > 1:\n"
        "+        if value > 0:\n            result += value\n```"
    ),
    "two lines alone": "-        if value > 1:\n+        if value > 0:",
    "line by number": "Line 5:\n```python\n        if value > 0:\n```",
    "line by number, dedented": "Replace line 5 with:\n\n```python\nif value > 0:\n```",
    "range by number": (
        "**Lines 4-5**\n```\n    for value in values:\n        if value > 0:\n```\nThat is all."
    ),
    "numbered line": "5:         if value > 0:",
    "numbered lines in a fence": "```\n5 |         if value > 0:\n6 |             result += value\n```",
    "edit command": "edit 5:5\n        if value > 0:\nend_of_edit",
    "whole program": f"Here is the program.\n```python\n{WANTED}```",
    "whole program without a fence": WANTED,
    "whole program with a path": f"```python total.py\n{WANTED}```",
}


@pytest.mark.parametrize("answer", SHAPES.values(), ids=SHAPES.keys())
def test_every_shape_of_an_answer_gives_the_program_that_it_means(answer: str) -> None:
    edited = edit_program(answer, PROGRAM, entry_point="total")
    assert isinstance(edited, EditedProgram), edited
    assert edited.source.strip("\n") == WANTED.strip("\n")


REFUSED = {
    "not there": (
        "not_found",
        "<<<<<<< SEARCH\n    while queue:\n        node = queue.pop()\n=======\n    pass\n>>>>>>> REPLACE",
    ),
    "no divider": ("malformed", "<<<<<<< SEARCH\n        if value > 1:\n>>>>>>> REPLACE"),
    "empty": ("empty", "<<<<<<< SEARCH\n=======\n>>>>>>> REPLACE"),
    "nothing to search for": ("empty", "<<<<<<< SEARCH\n=======\nx = 1\n>>>>>>> REPLACE"),
    "the same on both sides": (
        "no_change",
        "<<<<<<< SEARCH\n    result = 0\n=======\n    result = 0\n>>>>>>> REPLACE",
    ),
    "applied already": (
        "already_applied",
        "<<<<<<< SEARCH\n    result = []\n=======\n    result = 0\n>>>>>>> REPLACE",
    ),
    "inserted already": (
        "already_applied",
        "<<<<<<< SEARCH\n    result = 0\n=======\n    result = 0\n    for value in values:\n"
        ">>>>>>> REPLACE",
    ),
    "ambiguous": ("ambiguous", "<<<<<<< SEARCH\nresult\n=======\noutcome\n>>>>>>> REPLACE"),
    "elided on one side": (
        "elided",
        "<<<<<<< SEARCH\n    result = 0\n    return result\n=======\n    result = 1\n    # ...\n"
        ">>>>>>> REPLACE",
    ),
    "whole program elided": (
        "elided",
        "```python\ndef total(values):\n    result = 0\n    # ... rest of the code unchanged\n```",
    ),
    "line beyond the end": ("bad_lines", "Line 70:\n```\n    return 0\n```"),
    "the same line twice": (
        "overlap",
        "Lines 4-5:\n```\nx = 1\n```\nLine 5:\n```\ny = 1\n```",
    ),
    "rename": (
        "unsupported",
        "```diff\ndiff --git a/x.py b/y.py\nrename from x.py\nrename to y.py\n--- a/x.py\n+++ b/y.py\n```",
    ),
    "prose": ("no_edit", "The comparison in the loop should include one."),
    "nothing": ("no_edit", ""),
}


@pytest.mark.parametrize(("kind", "answer"), REFUSED.values(), ids=REFUSED.keys())
def test_unclear_edits_are_refused_with_their_kind(kind: str, answer: str) -> None:
    refusal = edit_program(answer, PROGRAM, entry_point="total")
    assert isinstance(refusal, RejectedEdit), refusal
    assert refusal.kind == kind
    assert refusal.reason.endswith(".") or "\n" in refusal.reason


def test_a_refusal_shows_the_nearest_lines_with_their_numbers() -> None:
    answer = "<<<<<<< SEARCH\n    when val beyond 1\n=======\n    pass\n>>>>>>> REPLACE"
    refusal = edit_program(answer, PROGRAM)
    assert isinstance(refusal, RejectedEdit)
    assert refusal.kind == "not_found"
    assert "   5 |         if value > 1:" in refusal.text


def test_an_ambiguous_edit_shows_every_place() -> None:
    program = "a = 1\nb = 2\na = 1\n"
    answer = "<<<<<<< SEARCH\na = 1\n=======\na = 3\n>>>>>>> REPLACE"
    refusal = edit_program(answer, program)
    assert isinstance(refusal, RejectedEdit)
    assert [place.line for place in refusal.nearest] == [1, 3]


def test_an_edit_that_is_repeated_as_often_as_it_fits_is_applied_everywhere() -> None:
    block = "<<<<<<< SEARCH\na = 1\n=======\na = 3\n>>>>>>> REPLACE\n"
    edited = edit_program(block * 2, "a = 1\nb = 2\na = 1\n")
    assert isinstance(edited, EditedProgram)
    assert edited.source == "a = 3\nb = 2\na = 3\n"


def test_an_answer_that_was_cut_off_is_refused_only_where_its_last_edit_has_no_end() -> None:
    cut = "<<<<<<< SEARCH\n        if value > 1:\n=======\n        if va"
    refusal = edit_program(cut, PROGRAM, truncated=True)
    assert isinstance(refusal, RejectedEdit)
    assert refusal.kind == "incomplete"
    whole = edit_program(SHAPES["aider"] + " Then I", PROGRAM, truncated=True)
    assert isinstance(whole, EditedProgram)


def test_lines_that_a_similar_edit_does_not_show_are_kept() -> None:
    program = "def f(a):\n    first = a + 1\n    check(first)\n    second = first * 2\n    return second\n"
    answer = (
        "<<<<<<< SEARCH\ndef f(a):\n    first = a + 1\n    second = first * 2\n    return second\n"
        "=======\ndef f(a):\n    first = a - 1\n    second = first * 2\n    return second\n"
        ">>>>>>> REPLACE"
    )
    edited = edit_program(answer, program)
    assert isinstance(edited, EditedProgram)
    assert edited.source == program.replace("a + 1", "a - 1")


def test_a_similar_edit_that_would_drop_a_line_it_does_not_show_is_refused() -> None:
    program = "def f(a):\n    first = a + 1\n    check(first)\n    second = first * 2\n    return second\n"
    answer = (
        "<<<<<<< SEARCH\ndef f(a):\n    first = a + 1\n    second = first * 2\n    return second\n"
        "=======\ndef f(a):\n    return a * 2\n>>>>>>> REPLACE"
    )
    refusal = edit_program(answer, program)
    assert isinstance(refusal, RejectedEdit)
    assert refusal.kind == "not_found"


def test_the_line_ends_and_the_missing_newline_of_a_program_are_kept() -> None:
    edited = edit_program(SHAPES["aider"], PROGRAM.rstrip("\n").replace("\n", "\r\n"))
    assert isinstance(edited, EditedProgram)
    assert edited.source == WANTED.rstrip("\n").replace("\n", "\r\n")


def test_typographic_quotes_of_an_answer_do_not_get_into_the_program() -> None:
    answer = "<<<<<<< SEARCH\nprint(“a”)\n=======\nprint(“b”)\n>>>>>>> REPLACE"
    edited = edit_program(answer, 'print("a")\n')
    assert isinstance(edited, EditedProgram)
    assert edited.source == 'print("b")\n'
