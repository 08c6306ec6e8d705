"""Read Python calls and literals inside prose."""

import ast
import re
from typing import NamedTuple

from refinegraph.tools.programs.python_source import parse_expression
from refinegraph.tools.test_cases.asserts import is_literal

_OPEN, _CLOSE = "([{", ")]}"
_MAX_LENGTH = 2000
"""Characters that a call or a literal may span; an unclosed bracket in prose ends the search."""
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w])")
_WORD = re.compile(r"(?:True|False|None|true|false|null|none|TRUE|FALSE)\b")
_WORDS = {"true": "True", "false": "False", "null": "None", "none": "None"}


class Literal(NamedTuple):
    """A literal, and the index where it ends in the text."""

    value: ast.expr
    end: int


def read_literal(text: str, start: int) -> Literal | None:
    """Read the Python literal at an index, or return None if there is none.

    `true`, `false` and `null` count as Python's literals. A single value in parentheses does not:
    in prose it may denote a tuple.

    >>> read_literal("gives [1, 2].", 6).end
    12
    """
    end = _end_of_literal(text, start)
    if end is None:
        return None
    source = text[start:end]
    value = parse_expression(_WORDS.get(source.lower(), source))
    if value is None or not is_literal(value):
        return None
    if source.startswith("(") and not isinstance(value, ast.Tuple):
        return None
    return Literal(value, end)


def _end_of_literal(text: str, start: int) -> int | None:
    first = text[start : start + 1]
    if first and first in _OPEN:
        return closing(text, start)
    if first and first in "'\"":
        return _end_of_string(text, start)
    match = _NUMBER.match(text, start) or _WORD.match(text, start)
    return match.end() if match else None


def closing(text: str, start: int) -> int | None:
    """Return the index after the bracket that closes the one at `start`, ignoring strings.

    >>> closing("f(1, ')') == 2", 1)
    9
    """
    stack: list[str] = []
    index = start
    while index < min(len(text), start + _MAX_LENGTH):
        character = text[index]
        if character in "'\"":
            end = _end_of_string(text, index)
            if end is None:
                return None
            index = end
            continue
        if character in _OPEN:
            stack.append(_CLOSE[_OPEN.index(character)])
        elif character in _CLOSE and (not stack or stack.pop() != character):
            return None
        index += 1
        if not stack:
            return index
    return None


def _end_of_string(text: str, start: int) -> int | None:
    quote = text[start]
    index = start + 1
    while index < min(len(text), start + _MAX_LENGTH) and text[index] != "\n":
        if text[index] == quote:
            return index + 1
        index += 2 if text[index] == "\\" else 1
    return None
