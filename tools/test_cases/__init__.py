"""Tests as evidence: what users, statements and models write, as cases that can be run."""

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
    r"""Read visible tests in whatever form they are written.

    Understood are assert lines (each is a test; what stands before it, imports and helpers, is
    its set-up), `def test_*` functions without arguments, HumanEval's `def check(candidate)`
    (needs the entry point), `>>>` sessions (malformed examples are passed over), JSON lists or
    lines of `{"input": [1, 2], "output": 3}` or `{"stdin": "1 2", "stdout": "3"}`.

    An assertion that compares one call with a value, all of literals, becomes a `CallCase`: its
    arguments and result can be shown apart. Everything else stays Python source. Ids count from
    1 behind `t` for given tests, `e` for those of a statement, `g` for generated ones.

    Raises:
        InputError: The tests do not parse (the line is named), hold none, or use a form that is
            not supported.

    >>> parse_tests("assert add(1, 2) == 3")[0].arguments
    '(1, 2)'
    """
    text = clean_text(text)
    if not text.strip():
        return ()
    tests = _read(text, entry_point, origin)
    if not tests:
        raise InputError(
            f"The tests hold no test: {_shorten(text)!r}; expected assert lines, functions named "
            "test_*, a >>> session or JSON cases."
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
