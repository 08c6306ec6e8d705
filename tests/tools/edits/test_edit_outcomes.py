"""Results of edits line by line, and the messages for edits that do not apply."""

# ruff: noqa: E501

import difflib
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from refinegraph.tools.edits import (
    Edit,
    EditResult,
    LineEdit,
    RejectedEdit,
    Replacement,
    apply_edits,
)

PROGRAM = 'def total(values):\n    """Return the sum."""\n    result = 0\n    for value in values:\n        if value > 1:\n            result += value\n    return result\n\n\ndef mean(values):\n    result = 0\n    for value in values:\n        result += value\n    return result / len(values)\n'
TWELVE = "line 1\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\nline 9\nline 10\nline 11\nline 12\n"


def swap(search: str, replace: str, line: int | None = None) -> Replacement:
    return Replacement(search=search, replace=replace, line=line)


def rows(first: int, last: int, text: str) -> LineEdit:
    return LineEdit(first=first, last=last, text=text)


class Case(NamedTuple):
    """A program, the edits of one answer, and the rows of the diff or the text of the rejection."""

    id: str
    program: str
    edits: Sequence[Edit]
    outcome: str
    where: str
    """The first line and the method of every edit, or the kind of the rejection."""


CASES = [
    Case('ambiguous', PROGRAM, [swap('    result = 0\n', '    result = 1\n')], 'The lines to search for in edit 1 occur 2 times in the program; add lines around them until they are unique.\n   3 |     result = 0\n  11 |     result = 0', 'ambiguous 0'),
    Case('ambiguous_by_line', PROGRAM, [swap('    result = 0\n', '    result = 1\n', 11)], '@@ -11 +11 @@\n-    result = 0\n+    result = 1\n', '11:exact'),
    Case('ambiguous_by_wrong_line', PROGRAM, [swap('    result = 0\n', '    result = 1\n', 12)], 'The lines to search for in edit 1 occur 2 times in the program; add lines around them until they are unique.\n   3 |     result = 0\n  11 |     result = 0', 'ambiguous 0'),
    Case('as_often_as_repeated', PROGRAM, [swap('    result = 0\n', '    result = 1\n')] * 2, '@@ -3 +3 @@\n-    result = 0\n+    result = 1\n@@ -11 +11 @@\n-    result = 0\n+    result = 1\n', '11:exact 3:exact'),
    Case('three_of_two', PROGRAM, [swap('    result = 0\n', '    result = 1\n')] * 3, 'The lines to search for in edit 1 occur 2 times in the program; add lines around them until they are unique.\n   3 |     result = 0\n  11 |     result = 0', 'ambiguous 0'),
    Case('four_places', 'a\nx\na\nx\na\nx\na\nx\n', [swap('x\n', 'y\n')], 'The lines to search for in edit 1 occur 4 times in the program; add lines around them until they are unique.\n   2 | x\n   4 | x\n   6 | x', 'ambiguous 0'),
    Case('similar', PROGRAM, [swap('    result = 00\n    for values in value:\n        if valu > 1:\n', 'z\n')], '@@ -3,3 +3 @@\n-    result = 0\n-    for value in values:\n-        if value > 1:\n+z\n', '3:close'),
    Case('not_found_far', PROGRAM, [swap('completely different\n', 'z\n')], 'The lines to search for in edit 1 are not in the program.', 'not_found 0'),
    Case('not_found_short', 'a = 1\nb = 2\n', [swap('completely different\n', 'z\n')], 'The lines to search for in edit 1 are not in the program.\n   1 | a = 1\n   2 | b = 2', 'not_found 0'),
    Case('not_found_8_lines', 'a = 1\na = 1\na = 1\na = 1\na = 1\na = 1\na = 1\na = 1\n', [swap('completely different\n', 'z\n')], 'The lines to search for in edit 1 are not in the program.\n   1 | a = 1\n   2 | a = 1\n   3 | a = 1\n   4 | a = 1\n   5 | a = 1\n   6 | a = 1\n   7 | a = 1\n   8 | a = 1', 'not_found 0'),
    Case('not_found_9_lines', 'a = 1\na = 1\na = 1\na = 1\na = 1\na = 1\na = 1\na = 1\na = 1\n', [swap('completely different\n', 'z\n')], 'The lines to search for in edit 1 are not in the program.', 'not_found 0'),
    Case('not_found_empty', '', [swap('completely different\n', 'z\n')], 'The lines to search for in edit 1 are not in the program.', 'not_found 0'),
    Case('no_change', PROGRAM, [swap('    result = 0\n', '    result = 0\n')], 'Edit 1 replaces lines with the same lines.', 'no_change 0'),
    Case('already', PROGRAM, [swap('    result = 5\n', '        if value > 1:\n')], 'Edit 1 is already applied: its new lines are in the program.', 'already_applied 0'),
    Case('already_around', PROGRAM, [swap('    result = 0\n    for value in values:\n        if value > 1:\n', '    result = 0\n    for value in values:\n        if value > 1:\n            result += value\n')], 'Edit 1 is already applied: its new lines are in the program.', 'already_applied 0'),
    Case('whole_into_filled', PROGRAM, [swap('', 'x = 1\n')], 'Edit 1 has no lines to search for; quote the lines of the program that it replaces.', 'empty 0'),
    Case('whole_empty', '', [swap('', '')], 'Edit 1 is empty.', 'empty 0'),
    Case('whole', '\n\n', [swap('', 'x = 1\n')], '@@ -1,2 +1 @@\n-\n-\n+x = 1\n', '1:whole'),
    Case('within', PROGRAM, [swap('value > 1', 'value > 0')], '@@ -5 +5 @@\n-        if value > 1:\n+        if value > 0:\n', '5:within_line'),
    Case('within_already', PROGRAM, [swap('total(values)', 'def total(values):')], 'Edit 1 is already applied: its new lines are in the program.', 'already_applied 0'),
    Case('within_twice', PROGRAM, [swap('in values', 'in items')], 'The lines to search for in edit 1 occur 2 times in the program; add lines around them until they are unique.\n   4 |     for value in values:\n  12 |     for value in values:', 'ambiguous 0'),
    Case('within_many', 'a b\nc b\nd b\ne b\n', [swap('b', 'x')], 'The lines to search for in edit 1 occur 4 times in the program; add lines around them until they are unique.\n   1 | a b\n   2 | c b\n   3 | d b', 'ambiguous 0'),
    Case('within_delete', PROGRAM, [swap('"""Return the sum."""', '')], '@@ -2 +1,0 @@\n-    """Return the sum."""\n', '2:whitespace'),
    Case('reindent', PROGRAM, [swap('for value in values:\n    if value > 1:\n        result += value\n', 'for value in values:\n    if value > 0:\n        result += value\n        count += 1\n')], '@@ -5 +5 @@\n-        if value > 1:\n+        if value > 0:\n@@ -6,0 +7 @@\n+            count += 1\n', '4:whitespace'),
    Case('tabs', PROGRAM, [swap('\tresult = 0\n\tfor value in values:\n\t\tif value > 1:\n', '\tresult = 0\n\tfor value in values:\n\t\tif value > 2:\n')], '@@ -5 +5 @@\n-        if value > 1:\n+        if value > 2:\n', '3:whitespace'),
    Case('blank_lines', PROGRAM, [swap('    return result\n\ndef mean(values):\n', '    return result\n\ndef average(values):\n')], '@@ -10 +10 @@\n-def mean(values):\n+def average(values):\n', '7:whitespace'),
    Case('blank_lines_none', PROGRAM, [swap('    return result\ndef mean(values):\n', '    return result\ndef average(values):\n')], '@@ -10 +10 @@\n-def mean(values):\n+def average(values):\n', '7:whitespace'),
    Case('close', PROGRAM, [swap('    for value in values:\n        if value > 1 :\n            result = result + value\n    return result\n', '    for value in values:\n        if value > 0:\n            result = result + value\n    return result\n')], '@@ -5 +5 @@\n-        if value > 1:\n+        if value > 0:\n', '4:close'),
    Case('quotes', PROGRAM, [swap("    '''Return the sum.'''\n    result = 0\n", "    '''Return it.'''\n    result = 0\n")], '@@ -2 +2 @@\n-    """Return the sum."""\n+    \'\'\'Return it.\'\'\'\n', '2:close'),
    Case('elided', PROGRAM, [swap('def total(values):\n    ...\n    return result\n', 'def total(values, start):\n    ...\n    return result + start\n')], '@@ -1 +1 @@\n-def total(values):\n+def total(values, start):\n@@ -7 +7 @@\n-    return result\n+    return result + start\n', '7:exact 1:exact'),
    Case('elided_uneven', PROGRAM, [swap('def total(values):\n    ...\n    return result\n', 'def total(values, start):\n    return result + start\n')], "Edit 1 omits lines with '...', but not at the same points of both parts; write the lines out.", 'elided 0'),
    Case('elided_several', PROGRAM, [swap('    result = 0\n    # ... rest\n    return result\n', '    result = 1\n    # ... rest\n    return result\n')], "Edit 1 omits lines with '...', and the lines around them match several times; write the lines out.", 'elided 0'),
    Case('elided_gone', PROGRAM, [swap('def totals(values):\n    # ...\n    return result\n', 'def total(v):\n    # ...\n    return result\n')], "Edit 1 omits lines with '...', and the lines around them are missing; write the lines out.", 'elided 0'),
    Case('numbers', PROGRAM, [swap('3 |     result = 0\n4 |     for value in values:\n5 |         if value > 1:\n', '3 |     result = 0\n4 |     for value in values:\n5 |         if value > 3:\n')], '@@ -5 +5 @@\n-        if value > 1:\n+        if value > 3:\n', '3:exact'),
    Case('numbers_of_second', PROGRAM, [swap('11 |     result = 0\n12 |     for value in values:\n', '11 |     result = 1\n12 |     for value in values:\n')], '@@ -11 +11 @@\n-    result = 0\n+    result = 1\n', '11:exact'),
    Case('fence', PROGRAM, [swap('```python\n        if value > 1:\n```\n', '```python\n        if value > 3:\n```\n')], '@@ -5 +5 @@\n-        if value > 1:\n+        if value > 3:\n', '5:exact'),
    Case('two_in_order', PROGRAM, [swap('    result = 0\n    for value in values:\n        if value > 1:\n', '    # new\n    result = 0\n    for value in values:\n        if value > 1:\n'), swap('    result = 0\n', '    result = 7\n', 11)], '@@ -2,0 +3 @@\n+    # new\n@@ -11 +12 @@\n-    result = 0\n+    result = 7\n', '3:exact 12:exact'),
    Case('shifted_up', PROGRAM, [swap('    """Return the sum."""\n', ''), swap('    result = 0\n', '    result = 7\n', 11)], '@@ -2 +1,0 @@\n-    """Return the sum."""\n@@ -11 +10 @@\n-    result = 0\n+    result = 7\n', '2:exact 10:exact'),
    Case('lines', TWELVE, [rows(2, 3, 'A\n'), rows(5, 4, 'B\n'), rows(12, 12, '')], '@@ -2,2 +2 @@\n-line 2\n-line 3\n+A\n@@ -4,0 +4 @@\n+B\n@@ -12 +11,0 @@\n-line 12\n', '12:lines 5:lines 2:lines'),
    Case('lines_out', TWELVE, [rows(0, 1, 'A\n')], 'Edit 1 is for lines 0 to 1, but the program has 12.', 'bad_lines 0'),
    Case('lines_out2', TWELVE, [rows(14, 14, 'A\n')], 'Edit 1 is for lines 14 to 14, but the program has 12.', 'bad_lines 0'),
    Case('lines_append', TWELVE, [rows(13, 12, 'A\n')], '@@ -12,0 +13 @@\n+A\n', '13:lines'),
    Case('lines_back', TWELVE, [rows(5, 3, 'A\n')], 'Edit 1 is for lines 5 to 3, but the program has 12.', 'bad_lines 0'),
    Case('lines_overlap', TWELVE, [rows(2, 4, 'A\n'), rows(4, 5, 'B\n')], 'Edit 1 changes lines 2 to 4 again.', 'overlap 0'),
    Case('lines_touch', TWELVE, [rows(2, 4, 'A\n'), rows(5, 5, 'B\n')], '@@ -2,4 +2,2 @@\n-line 2\n-line 3\n-line 4\n-line 5\n+A\n+B\n', '5:lines 2:lines'),
    Case('lines_last', TWELVE, [rows(12, 13, 'A\n')], 'Edit 1 is for lines 12 to 13, but the program has 12.', 'bad_lines 0'),
    Case('lines_elided', TWELVE, [rows(2, 8, 'A\n...\nB\n')], "Edit 1 omits lines with '...'.", 'elided 0'),
    Case('lines_indent', PROGRAM, [rows(5, 6, 'if value > 0:\n    result += value\n')], '@@ -5 +5 @@\n-        if value > 1:\n+        if value > 0:\n', '5:lines'),
    Case('lines_indent_kept', PROGRAM, [rows(5, 6, '        if value > 0:\n            result += value\n')], '@@ -5 +5 @@\n-        if value > 1:\n+        if value > 0:\n', '5:lines'),
    Case('lines_module', PROGRAM, [rows(1, 1, 'def sums(values):\n')], '@@ -1 +1 @@\n-def total(values):\n+def sums(values):\n', '1:lines'),
    Case('no_newline_at_end', 'a\nb', [swap('b\n', 'c\nd\n')], '@@ -2 +2,2 @@\n-b+c\n+d', '2:exact'),
    Case('crlf', 'a\r\nb\r\n', [swap('a\n', 'x\ny\n')], '@@ -1 +1,2 @@\n-a\r\n+x\r\n+y\r\n', '1:exact'),
    Case('delete_lines', TWELVE, [swap('line 2\nline 3\n', '')], '@@ -2,2 +1,0 @@\n-line 2\n-line 3\n', '2:exact'),
    Case('delete_all', 'a\n', [swap('a\n', '')], '@@ -1 +0,0 @@\n-a\n', '1:exact'),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_edits_change_just_these_lines_or_say_why_not(case: Case) -> None:
    result = apply_edits(case.edits, {"": case.program})
    if isinstance(result, RejectedEdit):
        assert (f"{result.kind} {result.edit}", result.text) == (case.where, case.outcome)
        return
    assert isinstance(result, EditResult)
    before, after = case.program.splitlines(True), result.files[""].splitlines(True)
    diff = "".join([*difflib.unified_diff(before, after, n=0)][2:])
    places = " ".join(f"{edit.line}:{edit.matched_by}" for edit in result.edits)
    assert (places, diff) == (case.where, case.outcome)


def test_an_already_applied_part_of_a_line_is_recognised_anywhere() -> None:
    for line in ("ab) b)", "b) ab)"):
        applied = apply_edits([Replacement(search="b", replace="b)")], {"": f"{line}\n"})
        assert isinstance(applied, RejectedEdit)
        assert applied.kind == "already_applied"
    changed = apply_edits([Replacement(search="b", replace="b)")], {"": "ab) b\n"})
    assert isinstance(changed, EditResult)
    assert changed.files[""] == "ab) b)\n"
