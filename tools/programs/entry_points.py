"""Infer the function that a problem asks for if no field names it."""

import ast
import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterator

from refinegraph.tools.programs.definitions import module_names
from refinegraph.tools.programs.python_source import parse_module

_HEADER = re.compile(r"^[ \t>`.]*(?:async[ \t]+)?def[ \t]+([A-Za-z_]\w*)[ \t]*\(", re.MULTILINE)
_QUOTED = re.compile(r"`+[ \t]*(?:def[ \t]+)?([A-Za-z_]\w*)[ \t]*\([^`\n]*\)[^`\n]*`+")
_NAMED = re.compile(
    r"\b(?:function|method|routine)[ \t]+(?:called|named)?[ \t]*[`'\"]*([A-Za-z_]\w*)[`'\"(]"
    r"|\b(?:called|named)[ \t]+[`'\"]*([A-Za-z_]\w*)",
    re.IGNORECASE,
)
_CALL = re.compile(r"(?<![\w.])([A-Za-z_]\w*)\([^()\n]*\)")
_IGNORED = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | {"candidate", "check", "O"}


def infer_entry_point(statement: str, tests: str = "") -> str | None:
    """Guess the name of the requested function, or return None if nothing names one.

    These sources are tried in order: the last function header in the statement, the name that most
    assertions of the tests call, code in backticks that looks like a call, "a function named …",
    and the first text in the prose that looks like a call.

    >>> infer_entry_point("Write add(a, b).")
    'add'
    >>> infer_entry_point("Add two numbers.", "assert plus(1, 2) == 3")
    'plus'
    """
    headers = _HEADER.findall(statement)
    if headers:
        return str(headers[-1])
    called = _most_called(tests)
    return called or next(_mentions(statement), None)


def _mentions(statement: str) -> Iterator[str]:
    for pattern in (_QUOTED, _NAMED, _CALL):
        for match in pattern.finditer(statement):
            name = next((group for group in match.groups() if group), "")
            if name not in _IGNORED and not name.isupper():
                yield name


def _most_called(tests: str) -> str | None:
    """Return the name that most assertions call.

    Functions are preferred to classes, since tests that build objects call `Node` as often as the
    function under test, and an outer call is preferred to the calls in its arguments.
    """
    module = parse_module(tests)
    statements = _assertions(module) if module is not None else _readable_lines(tests)
    local = module_names(module) if module is not None else frozenset[str]()
    counts: Counter[str] = Counter()
    for statement in statements:
        called = dict.fromkeys(_called_names(statement))
        counts.update([name for name in called if name not in local | _IGNORED])
    by_count = sorted(counts, key=lambda name: (_is_class_name(name), -counts[name]))
    return next(iter(by_count), None)


def _is_class_name(name: str) -> bool:
    return name[0].isupper() and name != name.upper()


def _assertions(module: ast.Module) -> list[ast.AST]:
    return [node for node in ast.walk(module) if isinstance(node, ast.Assert)]


def _readable_lines(tests: str) -> list[ast.AST]:
    """Return the assertions and doctest prompts of a text that does not parse as a whole."""
    lines = re.findall(r"^[ \t]*(?:>>>[ \t]*|(?=assert\b))(.+)$", tests, re.MULTILINE)
    return [module for line in lines if (module := parse_module(line)) is not None]


def _called_names(node: ast.AST) -> list[str]:
    """Return the called names, an outer call before the calls in its arguments."""
    return [
        inner.func.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name)
    ]
