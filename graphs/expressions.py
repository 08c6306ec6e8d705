"""Parse expressions such as `rounds(3) | ~accepted()`: calls with numbers, `|`, `&`, `~`, brackets.

The text is parsed by Python's own parser and never evaluated by it.
"""

import ast
import operator
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refinegraph.values import UnfitValue

Call = Callable[[str, Sequence[float], Mapping[str, float]], Any]
"""Constructs the object that a name and its arguments denote."""

_LONGEST = 2_000
"""Maximum characters, far more than any rule needs; deep nesting could exhaust the stack."""
_DASHED_NAME = re.compile(r"\s*([a-z]+(?:-[a-z]+)+)")
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
}
_WORDS: dict[object, tuple[str, str]] = {
    ast.Or: ("or", "|"),
    ast.And: ("and", "&"),
    ast.Not: ("not", "~"),
}
"""Python's words for combining conditions, which cannot be redefined, and the signs to use."""


def evaluate(text: str, call: Call, *, combines: bool) -> Any:
    """Return the object that an expression denotes; raise `UnfitValue` if it is invalid.

    Args:
        text: The expression. Its first name may contain dashes, as in `always-easy`.
        call: Constructs the object that a name and its arguments denote.
        combines: Whether `|`, `&` and `~` are allowed.
    """
    if len(text) > _LONGEST:
        raise UnfitValue(f"is longer than {_LONGEST:,} characters")
    plain = _DASHED_NAME.sub(lambda match: match[0].strip().replace("-", "_"), text, count=1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(plain.strip(), mode="eval")
        return _value(tree.body, call, combines)
    except UnfitValue:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnfitValue("cannot be parsed; write it like rounds(3) | accepted()") from None


def _value(node: ast.expr, call: Call, combines: bool) -> Any:
    if isinstance(node, ast.Name):
        return call(node.id, (), {})
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return call(node.func.id, _positional(node), _keywords(node))
    if combines and isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _value(node.left, call, combines), _value(node.right, call, combines)
        return _BINARY[type(node.op)](left, right)
    if combines and isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        return ~_value(node.operand, call, combines)
    raise _unreadable(node, combines)


def _positional(node: ast.Call) -> tuple[float, ...]:
    return tuple(_number(argument) for argument in node.args)


def _keywords(node: ast.Call) -> dict[str, float]:
    keywords = {keyword.arg: _number(keyword.value) for keyword in node.keywords if keyword.arg}
    if len(keywords) < len(node.keywords):
        raise UnfitValue("uses `**`; write each argument as NAME=NUMBER")
    return keywords


def _number(node: ast.expr) -> float:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_number(node.operand)
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise UnfitValue(f"has {_shown(node)} where a number is expected")


def _unreadable(node: ast.expr, combines: bool) -> UnfitValue:
    joint = node.op if isinstance(node, ast.BoolOp | ast.UnaryOp) else None
    word, sign = _WORDS.get(type(joint), ("", ""))
    if combines and word:
        return UnfitValue(f"has the word `{word}`; write `{sign}` instead")
    allowed = "calls such as rounds(3), |, &, ~ and brackets" if combines else "a name"
    return UnfitValue(f"has {_shown(node)} in it; expected {allowed}")


def _shown(node: ast.expr) -> str:
    text = ast.unparse(node)
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
