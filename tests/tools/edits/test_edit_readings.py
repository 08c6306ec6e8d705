"""The edits parsed from an answer, field by field, and the files that paths refer to."""

# ruff: noqa: E501

import pytest

from refinegraph.tools.edits import (
    DeleteFile,
    Edit,
    LineEdit,
    RejectedEdit,
    Replacement,
    WholeFile,
    apply_edits,
    read_edits,
)

FILES = {"src/a.py": "x\n", "src/b/a.py": "x\n", "src/c.py": "y\n", "README": "z\n"}


def fields(edit: Edit) -> tuple[object, ...]:
    match edit:
        case Replacement():
            return ("R", edit.path, edit.line, edit.closed, edit.search, edit.replace)
        case LineEdit():
            return ("L", edit.path, edit.first, edit.last, edit.text)
        case WholeFile():
            return ("W", edit.path, edit.text)
        case DeleteFile():
            return ("D", edit.path)


ANSWERS: dict[str, tuple[str, object]] = {
    'path on marker': ('<<<<<<< SEARCH a.py\nx\n=======\ny\n>>>>>>> REPLACE', [('R', 'a.py', None, True, 'x\n', 'y\n')]),
    'path before fence': ('a.py\n```python\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n```', [('R', 'a.py', None, True, 'x\n', 'y\n')]),
    'path in info': ('```python b.py\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n```', [('R', 'b.py', None, True, 'x\n', 'y\n')]),
    'path three lines before': ('a.py\n\n\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE', [('R', 'a.py', None, True, 'x\n', 'y\n')]),
    'path four lines before': ('a.py\n\n\n\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE', [('R', '', None, True, 'x\n', 'y\n')]),
    'prose before': ('In `a.py` I change this:\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE', [('R', '', None, True, 'x\n', 'y\n')]),
    'path inside both': ('a.py\n<<<<<<< SEARCH\na.py\nx\n=======\na.py\ny\n>>>>>>> REPLACE', [('R', 'a.py', None, True, 'x\n', 'y\n')]),
    'path inside one': ('a.py\n<<<<<<< SEARCH\na.py\nx\n=======\ny\n>>>>>>> REPLACE', [('R', 'a.py', None, True, 'a.py\nx\n', 'y\n')]),
    'empty sides': ('<<<<<<< SEARCH\n=======\ny\n>>>>>>> REPLACE\n<<<<<<< SEARCH\nx\n=======\n>>>>>>> REPLACE', [('R', '', None, True, '', 'y\n'), ('R', '', None, True, 'x\n', '')]),
    'no divider': ('<<<<<<< SEARCH\nx\n>>>>>>> REPLACE', 'malformed 0'),
    'second no divider': ('<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n<<<<<<< SEARCH\nz\n', 'malformed 1'),
    'open at end': ('<<<<<<< SEARCH\nx\n=======\ny\n\n\n', [('R', '', None, False, 'x\n', 'y\n')]),
    'open only blank': ('<<<<<<< SEARCH\nx\n=======\n\n', [('R', '', None, False, 'x\n', '')]),
    'open then open': ('<<<<<<< SEARCH\nx\n=======\ny\n<<<<<<< SEARCH\nz\n=======\nw\n>>>>>>> REPLACE', [('R', '', None, True, 'x\n', 'y\n'), ('R', '', None, True, 'z\n', 'w\n')]),
    'fence ends block': ('```\n<<<<<<< SEARCH\nx\n=======\ny\n```\nprose', [('R', '', None, True, 'x\n', 'y\n')]),
    'fence inside replace': ('```\n<<<<<<< SEARCH\nx\n=======\n```py\ny\n```\n```\nprose', [('R', '', None, True, 'x\n', '```py\ny\n```\n')]),
    'fence inside then close': ('```\n<<<<<<< SEARCH\nx\n=======\ny\n```\n>>>>>>> REPLACE', [('R', '', None, True, 'x\n', 'y\n```\n')]),
    'two dividers': ('<<<<<<< SEARCH\nx\n=======\ny\n=======\nz\n>>>>>>> REPLACE', [('R', '', None, True, 'x\n', 'y\n=======\nz\n')]),
    'tags': ('a.py\n<search>\nx\n</search>\n<replace>\ny\n</replace>', [('R', 'a.py', None, True, 'x\n', 'y\n')]),
    'tags old new': ('<old_str>x</old_str><new_str></new_str>', [('R', '', None, True, 'x\n', '')]),
    'tags uneven': ('<search>x</old><replace>y</replace>', 'no_edit 0'),
    'two tags': ('<find>a</find>\n<replace>b</replace>\n<find>c</find>\n<replace>d</replace>', [('R', '', None, True, 'a\n', 'b\n'), ('R', '', None, True, 'c\n', 'd\n')]),
    'labels': ('Search:\n```python a.py\nx\n```\nReplace with:\n```\ny\n```', [('R', 'a.py', None, True, 'x\n', 'y\n')]),
    'labels old new': ('**Before**\n```\nx\n```\n\n**After**\n```\ny', [('R', '', None, False, 'x\n', 'y\n')]),
    'labels wrong': ('See:\n```\nx\n```\nAnd:\n```\ny\n```', 'no_edit 0'),
    'diff counts': ('--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n', [('R', 'b/a.py', 1, True, 'x\ny\n', 'x\nz\n')]),
    'diff two hunks': ('--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n+y\n@@ -9,2 +9,1 @@ def f\n u\n-v\n', [('R', 'b/a.py', 1, True, 'x\n', 'y\n'), ('R', 'b/a.py', 9, True, 'u\nv\n', 'u\n')]),
    'diff wrong counts': ('--- a/a.py\n+++ b/a.py\n@@ -1,9 +1,9 @@\n x\n-y\n+z\n', [('R', 'b/a.py', 1, True, 'x\ny\n', 'x\nz\n')]),
    'diff too small counts': ('--- a/a.py\n+++ b/a.py\n@@ -1,1 +1,1 @@\n-x\n+y\n+z\n', [('R', 'b/a.py', 1, True, 'x\n', 'y\nz\n')]),
    'diff no counts': ('--- a.py\n+++ a.py\n@@ @@\n-x\n+y', [('R', 'a.py', None, True, 'x\n', 'y\n')]),
    'diff two files': ('diff --git a/a b/a\nindex 1..2\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\ndiff --git a/b b/b\n--- a/b\n+++ b/b\n@@ -1 +1 @@\n-u\n+v\n', [('R', 'b/a', 1, True, 'x\n', 'y\n'), ('R', 'b/b', 1, True, 'u\n', 'v\n')]),
    'diff delete then other': ('--- a/a.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-u\n+v\n', [('D', 'a/a.py'), ('R', 'b/b.py', 1, True, 'u\n', 'v\n')]),
    'diff new': ('--- /dev/null\n+++ b/a.py\n@@ -0,0 +1,2 @@\n+x\n+y\n', [('L', 'b/a.py', 1, 0, 'x\ny\n')]),
    'diff insertion': ('--- a/a.py\n+++ b/a.py\n@@ -3,0 +4 @@\n+x\n', [('L', 'b/a.py', 4, 3, 'x\n')]),
    'diff no newline': ('--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n\\ No newline at end of file\n', [('R', 'b/a.py', 1, True, 'x\n', 'y\n')]),
    'diff blank context': ('--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,3 @@\n x\n\n-y\n+z\n', [('R', 'b/a.py', 1, True, 'x\n\ny\n', 'x\n\nz\n')]),
    'diff unmarked context': ('```diff\n--- a/a.py\n+++ b/a.py\n@@ @@\nx\n-y\n+z\n```', [('R', 'b/a.py', None, True, 'x\ny\n', 'x\nz\n')]),
    'diff minus lines': ('--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n---- x\n+--- y\n z\n', [('R', 'b/a.py', 1, True, '--- x\nz\n', '--- y\nz\n')]),
    'diff rename': ('diff --git a/a b/b\nrename from a\nrename to b\n', 'unsupported 0'),
    'diff bare': ('-x\n+y\n z', [('R', '', None, True, 'x\nz\n', 'y\nz\n')]),
    'diff bare fenced': ('```diff\n-x\n+y\n```', [('R', '', None, True, 'x\n', 'y\n')]),
    'diff patch tag only added': ('```patch\n+y\n```', [('R', '', None, True, '', 'y\n')]),
    'diff context only': ('--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n x\n', 'no_edit 0'),
    'diff quoted path': ('--- "a/a b.py"\t2020\n+++ "b/a b.py"\t2020\n@@ -1 +1 @@\n-x\n+y\n', [('R', 'b/a b.py', 1, True, 'x\n', 'y\n')]),
    'list of minus': ('- one\n- two', 'no_edit 0'),
    'commands': ('edit 3:5\nx\ny\nend_of_edit\nedit 7:7\nend_of_edit', [('L', '', 3, 5, 'x\ny\n'), ('L', '', 7, 7, '')]),
    'command open': ('edit 3:5\n```\nx\n```', [('L', '', 3, 5, 'x\n')]),
    'headed replace': ('Replace lines 3-4 with:\n```python a.py\nx\n```', [('L', 'a.py', 3, 4, 'x\n')]),
    'headed delete': ('Delete line 3.\nRemove lines 5 to 6', [('L', '', 3, 3, ''), ('L', '', 5, 6, '')]),
    'headed insert': ('Insert after line 3:\n\n```\nx\n```\nAdd before L5\n```\ny\n```\nInsert at line 9\n```\nz\n```', [('L', '', 4, 3, 'x\n'), ('L', '', 5, 4, 'y\n'), ('L', '', 9, 8, 'z\n')]),
    'headed far': ('Change line 3:\n\n\n```\nx\n```', 'no_edit 0'),
    'headed prose': ('Line 3:\nis wrong\n```\nx\n```', 'no_edit 0'),
    'headed numbered': ('Lines 3-4\n```\n3: x\n4: y\n```', [('L', '', 3, 4, 'x\ny\n')]),
    'headed numbered otherwise': ('Lines 3-4\n```\n1: x\n2: y\n```', [('L', '', 3, 4, '1: x\n2: y\n')]),
    'numbered': ('3: x\n4: y\n\n9: z', [('L', '', 3, 4, 'x\ny\n'), ('L', '', 9, 9, 'z\n')]),
    'numbered falling': ('4: x\n3: y', 'no_edit 0'),
    'numbered fenced': ('So:\n```\n3 | x\n5 | y\n```', [('L', '', 3, 3, 'x\n'), ('L', '', 5, 5, 'y\n')]),
    'numbered tag': ('<x>\n```\n3 | x\n```', 'no_edit 0'),
    'whole by info': ('```python a.py\nx\n```', [('W', 'a.py', 'x\n')]),
    'whole by line': ('`a.py`\n```\nx\n```', [('W', 'a.py', 'x\n')]),
    'whole by comment': ('```\n# src/a.py\nx\n```', [('W', 'src/a.py', 'x\n')]),
    'whole two': ('a.py\n```\nx\n```\nb/c.txt:\n```\ny\n```', [('W', 'a.py', 'x\n'), ('W', 'b/c.txt', 'y\n')]),
    'whole makefile': ('Makefile\n```\nall:\n```', [('W', 'Makefile', 'all:\n')]),
    'whole none': ('```python\nx\n```', 'no_edit 0'),
    'whole longer fence': ('````md a.md\n```\nx\n```\n````', [('W', 'a.md', '```\nx\n```\n')]),
    'nothing': ('I would not change it.', 'no_edit 0'),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_holds_just_these_edits(name: str) -> None:
    text, expected = ANSWERS[name]
    found = read_edits(text)
    if isinstance(found, RejectedEdit):
        assert f"{found.kind} {found.edit}" == expected
    else:
        assert list(map(fields, found)) == expected


PATHS: dict[str, tuple[str, str]] = {
    'src/a.py': ('not_found: The lines to search for in edit 1 are not in src/a.py.', 'src/a.py'),
    'a.py': ("unknown_path: 'a.py' could be any of src/a.py, src/b/a.py.", "unknown_path: 'a.py' could be any of src/a.py, src/b/a.py."),
    'b/a.py': ('not_found: The lines to search for in edit 1 are not in src/b/a.py.', 'src/b/a.py'),
    'a/src/c.py': ('src/c.py', 'src/c.py'),
    'b/src/c.py': ('src/c.py', 'src/c.py'),
    '/home/x/src/c.py': ('src/c.py', 'src/c.py'),
    'c.py': ('src/c.py', 'src/c.py'),
    '../c.py': ('src/c.py', 'src/c.py'),
    'C:\\c.py': ('src/c.py', 'src/c.py'),
    '~/c.py': ('src/c.py', 'src/c.py'),
    'src\\c.py': ('src/c.py', 'src/c.py'),
    'src/d.py': ("unknown_path: There is no file 'src/d.py'. Did you mean src/c.py or src/a.py or src/b/a.py?", 'src/d.py'),
    'README': ('not_found: The lines to search for in edit 1 are not in README.', 'README'),
    '`src/c.py`': ('src/c.py', 'src/c.py'),
    './src//c.py': ('src/c.py', 'src/c.py'),
    'nothing.txt': ("unknown_path: There is no file 'nothing.txt'.", 'nothing.txt'),
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("new", [False, True])
def test_path_means_one_file_or_is_refused(path: str, new: bool) -> None:
    edit: Edit = Replacement(search="y\n", replace="n\n", path=path)
    if new:
        edit = WholeFile(text="n\n", path=path)
    result = apply_edits([edit], FILES)
    if isinstance(result, RejectedEdit):
        assert f"{result.kind}: {result.reason}" == PATHS[path][new]
    else:
        assert " ".join(result.changed) == PATHS[path][new]


def test_a_fence_around_an_unclosed_block_is_no_part_of_the_program() -> None:
    block = "<<<<<<< SEARCH\na = 1\n=======\na = 2"
    for before in ("", "app.py\n"):
        edits = read_edits(f"Here it is:\n```python\n{before}{block}\n```\nDone.")
        assert isinstance(edits, list)
        assert [fields(edit)[3:] for edit in edits] == [(True, "a = 1\n", "a = 2\n")]
