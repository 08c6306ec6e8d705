"""Extract usable tests from a model's answer."""

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from refinegraph.schema import AssertCase, VisibleTest
from refinegraph.tools.programs.definitions import missing_names, module_names
from refinegraph.tools.programs.fences import without_fence_lines
from refinegraph.tools.programs.python_source import clean_text, longest_valid_prefix, parse_module
from refinegraph.tools.test_cases.asserts import as_call_case, is_literal
from refinegraph.tools.test_cases.numbering import numbered
from refinegraph.tools.test_cases.sessions import session_tests

_MAX_TEXT = 100_000
"""Characters read: a choice that bounds the time spent on degenerate answers."""
_MAX_LINES = 30
"""Lines that one assertion may span."""
_START = re.compile(r"^[ \t]*(?:[-*•][ \t]+|\d+[.)][ \t]+)?`?(?=assert\b)", re.MULTILINE)
_LONE_ASSERT = re.compile(r"^([ \t]*assert)[ \t]*\n[ \t]*", re.MULTILINE)
_DOUBLED = re.compile(r"\bassert[ \t]+(?=assert\b)")
_IMPORT = re.compile(r"^[ \t]*((?:import|from)[ \t]+\w.*)$", re.MULTILINE)


def parse_generated_tests(
    text: str, *, entry_point: str | None, preamble: str = "", limit: int = 20
) -> tuple[VisibleTest, ...]:
    r"""Return the usable assertions of a model's answer; never raises.

    An assertion must parse, call the entry point, and need no names except the entry point,
    builtins, those that the preamble defines and those that the answer imports. Repetitions, and
    assertions that hold whatever the program does, are dropped. The `weight` of a test is the
    number of times that the answer contains it. At most the first `limit` tests are returned, and
    only the first 100,000 characters are read.

    >>> answer = "Sure:\n```python\nassert add(1, 2) == 3\nassert True\nassert add(1,\n```"
    >>> [test.expected for test in parse_generated_tests(answer, entry_point="add")]
    ['3']
    """
    source = without_fence_lines(clean_text(text[:_MAX_TEXT]))
    source = _DOUBLED.sub("", _LONE_ASSERT.sub(r"\1 ", source))
    kept: dict[str, VisibleTest] = {}
    repetitions: Counter[str] = Counter()
    imports = _imports(source) | dict.fromkeys(_defined_in(preamble), "")
    for statement in _assertions(source):
        condition = ast.unparse(statement.test)
        repetitions[condition] += 1
        if condition in kept or len(kept) >= limit:
            continue
        test = _usable(statement, imports, entry_point)
        if test is not None:
            kept[condition] = test
    weighted = [test.model_copy(update={"weight": repetitions[key]}) for key, test in kept.items()]
    tests = weighted or list(session_tests(source, entry_point))
    return numbered(tests[:limit], "generated")


def _assertions(source: str) -> Iterator[ast.Assert]:
    starts = [match.end() for match in _START.finditer(source)]
    for start, end in pairwise([*starts, len(source)]):
        statement = _first_assertion(source[start:end])
        if statement is not None:
            yield statement


def _first_assertion(text: str) -> ast.Assert | None:
    """Return the shortest assertion at the start of the text."""
    lines = textwrap.dedent(text).split("\n")[:_MAX_LINES]
    for count in range(1, len(lines) + 1):
        module = parse_module("\n".join(lines[:count]).rstrip().rstrip("`"))
        if module is not None and len(module.body) == 1:
            statement = module.body[0]
            return statement if isinstance(statement, ast.Assert) else None
    return None


def _usable(
    statement: ast.Assert, imports: dict[str, str], entry_point: str | None
) -> VisibleTest | None:
    if is_literal(statement.test) or _compares_with_itself(statement.test) or _awaits(statement):
        return None
    module = ast.Module(body=[ast.Assert(statement.test, None)], type_ignores=[])
    needed = missing_names(module)
    called = needed - (imports.keys() - {entry_point})
    if len(called) != 1 or (entry_point is not None and entry_point not in called):
        return None
    lines = sorted({imports[name] for name in needed if imports.get(name)})
    case = as_call_case(statement, entry_point)
    return case or AssertCase(id="g", source="\n".join([*lines, ast.unparse(module)]))


def _compares_with_itself(test: ast.expr) -> bool:
    if not isinstance(test, ast.Compare):
        return False
    return any(ast.dump(test.left) == ast.dump(other) for other in test.comparators)


def _awaits(statement: ast.Assert) -> bool:
    """Return whether an assertion runs only inside a coroutine."""
    return any(isinstance(node, ast.Await) for node in ast.walk(statement))


def _defined_in(preamble: str) -> frozenset[str]:
    module = parse_module(longest_valid_prefix(preamble).source)
    return module_names(module) if module is not None else frozenset()


def _imports(source: str) -> dict[str, str]:
    """Return the import statements of the answer by the names that they bind."""
    imports: dict[str, str] = {}
    for line in _IMPORT.findall(source):
        module = parse_module(line)
        if module is not None:
            imports.update({name: line.strip() for name in module_names(module)})
    return imports
