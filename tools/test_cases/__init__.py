"""Parse the tests that users, statements and models write into cases that can be run."""

import re

from refinegraph.errors import InputError
from refinegraph.schema import Origin, VisibleTest
from refinegraph.tools.programs.python_source import clean_text, find_fault, parse_module
from refinegraph.tools.test_cases.asserts import python_tests
from refinegraph.tools.test_cases.generated import parse_generated_tests
from refinegraph.tools.test_cases.json_cases import json_tests, read_json_cases
from refinegraph.tools.test_cases.numbering import numbered
from refinegraph.tools.test_cases.sessions import session_tests
from refinegraph.tools.test_cases.statements import statement_examples

__all__ = ["parse_generated_tests", "parse_tests", "statement_examples"]

_PROMPT = re.compile(r"^[ \t]*>>>", re.MULTILINE)


def parse_tests(
    text: str, *, entry_point: str | None = None, origin: Origin = "given"
) -> tuple[VisibleTest, ...]:
    r"""Parse visible tests in any supported form.

    Supported are assert statements (every one is a test, and the imports and helpers before it are
    its set-up), `def test_*` functions without arguments, HumanEval's `def check(candidate)` (which
    needs the entry point), `>>>` sessions (malformed examples are skipped), and JSON lists or JSON
    lines of `{"input": [1, 2], "output": 3}` or `{"stdin": "1 2", "stdout": "3"}`.

    An assertion that compares one call with a value, both made of literals, becomes a `CallCase`,
    whose arguments and result can be displayed separately. All other tests remain Python source.
    Ids are numbered from 1 with the prefix `t` for given tests, `e` for those of a statement and
    `g` for generated ones.

    Raises:
        InputError: The tests do not parse (the message names the line), are empty, or use an
            unsupported form.

    >>> parse_tests("assert add(1, 2) == 3")[0].arguments
    '(1, 2)'
    """
    text = clean_text(text)
    if not text.strip():
        return ()
    tests = _read(text, entry_point, origin)
    if not tests:
        raise InputError(
            f"The tests contain no test: {_shorten(text)!r}; expected assert statements, functions "
            "named test_*, a >>> session or JSON cases."
        )
    return tests


def _read(text: str, entry_point: str | None, origin: Origin) -> tuple[VisibleTest, ...]:
    cases = read_json_cases(text)
    if cases is not None:
        return numbered(json_tests(cases, entry_point), origin)
    module = parse_module(text)
    if module is None and _PROMPT.search(text):
        return numbered(session_tests(text, entry_point), origin)
    if module is None or find_fault(text) is not None:
        raise _does_not_parse(text)
    return numbered(python_tests(text, module, entry_point), origin)


def _does_not_parse(text: str) -> InputError:
    fault = find_fault(text)
    lines = text.split("\n")
    if fault is None or not 0 < fault.line <= len(lines):
        return InputError(f"The tests do not parse: {fault.message if fault else 'unknown form'}.")
    return InputError(
        f"The tests do not parse: line {fault.line} is {_shorten(lines[fault.line - 1])!r} "
        f"({fault.message}); expected Python such as 'assert add(1, 2) == 3'."
    )


def _shorten(text: str) -> str:
    flat = text.strip()
    return flat if len(flat) <= 80 else flat[:77] + "..."
