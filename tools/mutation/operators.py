"""Mutation operators that change comparisons, arithmetic, conditions and constants.

The first line of an operator's docstring is its `summary`: what it puts in place of the old code.
"""

import ast
import re
from collections.abc import Iterator, Mapping

from refinegraph.tools.mutation.sites import Site
from refinegraph.tools.mutation.source import Replacement, replace_node

_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_BOUNDARIES = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_OPPOSITES = {
    **{"==": "!=", "!=": "==", "is": "is not", "is not": "is"},
    **{"in": "not in", "not in": "in", "<": ">=", ">=": "<", ">": "<=", "<=": ">"},
}
_OTHERS = {
    **{"<": (">", "=="), ">": ("<", "=="), "<=": (">=", "=="), ">=": ("<=", "==")},
    **{"==": ("<=", ">=", "is", "in"), "!=": ("<", ">", "is not"), "is": ("==",)},
    **{"is not": ("!=",), "in": ("==",), "not in": ("!=",)},
}
_ARITHMETIC: Mapping[type[ast.operator], tuple[str, tuple[str, ...]]] = {
    ast.Add: ("+", ("-", "*")),
    ast.Sub: ("-", ("+",)),
    ast.Mult: ("*", ("/", "+", "**", "//")),
    ast.Div: ("/", ("*", "//")),
    ast.FloorDiv: ("//", ("/", "%", "*")),
    ast.Mod: ("%", ("//", "/")),
    ast.Pow: ("**", ("*",)),
    ast.BitAnd: ("&", ("|", "^")),
    ast.BitOr: ("|", ("&", "^")),
    ast.BitXor: ("^", ("|", "&")),
    ast.LShift: ("<<", (">>",)),
    ast.RShift: (">>", ("<<",)),
}
_NOT_COMMUTATIVE = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)


def boundary(site: Site) -> Iterator[Replacement]:
    """`<=` for `<`, `>=` for `>`, and the reverse."""
    for sign, start, end in _comparison_signs(site):
        if sign in _BOUNDARIES:
            yield Replacement(start, end, _BOUNDARIES[sign])


def opposite(site: Site) -> Iterator[Replacement]:
    """`!=` for `==`, `not in` for `in`, `is not` for `is`, `>=` for `<`, and the reverse."""
    for sign, start, end in _comparison_signs(site):
        yield Replacement(start, end, _OPPOSITES[sign])


def other_comparison(site: Site) -> Iterator[Replacement]:
    """Any other comparison."""
    for sign, start, end in _comparison_signs(site):
        others = _OTHERS[sign]
        yield from (Replacement(start, end, other, 1 / len(others)) for other in others)


def arithmetic(site: Site) -> Iterator[Replacement]:
    """Another arithmetic or bitwise operator, in an expression or an assignment such as `+=`."""
    node = site.node
    if isinstance(node, ast.BinOp):
        left, right, suffix = node.left, node.right, ""
    elif isinstance(node, ast.AugAssign):
        left, right, suffix = node.target, node.value, "="
    else:
        return
    sign, others = _ARITHMETIC.get(type(node.op), ("", ()))
    span = _between(site, left, right, re.escape(sign + suffix)) if sign else None
    if span:
        share = 1 / len(others)
        yield from (Replacement(*span, other + suffix, share) for other in others)


def assignment(site: Site) -> Iterator[Replacement]:
    """`=` for an assignment such as `+=`, and `+=` for `=`."""
    node = site.node
    if isinstance(node, ast.AugAssign):
        span = _between(site, node.target, node.value, r"\S+=")
        if span:
            yield Replacement(*span, "=")
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        span = _between(site, node.targets[0], node.value, "=")
        if span and isinstance(node.targets[0], ast.Name | ast.Attribute | ast.Subscript):
            yield Replacement(*span, "+=", 0.5)


def connective(site: Site) -> Iterator[Replacement]:
    """`or` for `and`, and the reverse."""
    node = site.node
    if not isinstance(node, ast.BoolOp):
        return
    sign, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    for left, right in zip(node.values, node.values[1:], strict=False):
        span = _between(site, left, right, rf"\b{sign}\b")
        if span:
            yield Replacement(*span, other)


def dropped_operand(site: Site) -> Iterator[Replacement]:
    """`a` or `b` for `a and b`; `x` for `x + 1`."""
    node, source = site.node, site.source
    if isinstance(node, ast.BoolOp) and len(node.values) == 2:
        yield from (replace_node(source, node, source.of(kept), 0.5) for kept in node.values)
    elif isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant):
        yield replace_node(source, node, source.of(node.left))
    elif isinstance(node, ast.BinOp):
        yield replace_node(source, node, source.of(node.left), 0.4)
        yield replace_node(source, node, source.of(node.right), 0.4)


def negation(site: Site) -> Iterator[Replacement]:
    """A negated condition, or a condition without its `not`."""
    node, source = site.node, site.source
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield replace_node(source, node, source.of(node.operand))
    elif isinstance(node, ast.expr) and _is_condition(site) and not isinstance(node, ast.Compare):
        # `opposite` negates comparisons
        yield replace_node(source, node, f"not ({source.of(node)})")


def sign(site: Site) -> Iterator[Replacement]:
    """An expression without its minus sign, or a name with one."""
    node, source = site.node, site.source
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield replace_node(source, node, source.of(node.operand))
    elif isinstance(node, ast.Name) and _is_value(site, node):
        yield replace_node(source, node, f"-{node.id}", 0.3)


def constant(site: Site) -> Iterator[Replacement]:
    """A nearby number, 0, 1 or the other sign; the other Boolean; an empty value for None."""
    node = site.node
    if not isinstance(node, ast.Constant) or isinstance(site.parent, ast.Expr):
        return
    texts = _other_constants(node.value)
    for text, share in texts:
        yield replace_node(site.source, node, text, share)


def _other_constants(value: object) -> list[tuple[str, float]]:
    if isinstance(value, bool):
        return [(str(not value), 1.0)]
    if isinstance(value, int):
        integers = dict.fromkeys((value + 1, value - 1, 0, 1, -value, 2 * value))
        return [(str(number), 0.4) for number in integers if number != value]
    if isinstance(value, float):
        floats = dict.fromkeys((value + 1, value - 1, 0.0, 1.0, -value, value / 2))
        return [(repr(number), 0.3) for number in floats if number != value]
    if value is None:
        return [("0", 0.1), ("[]", 0.1), ("''", 0.1), ("True", 0.1), ("False", 0.1)]
    if isinstance(value, str) and len(value) <= 3:
        return [(repr(text), 0.2) for text in ("", " ", value.strip()) if text != value]
    return []


def swapped_operands(site: Site) -> Iterator[Replacement]:
    """`b - a` for `a - b`, and swapped values of a conditional expression or a pair."""
    node = site.node
    if isinstance(node, ast.BinOp) and isinstance(node.op, _NOT_COMMUTATIVE):
        yield _swapped(site, node, node.left, node.right)
    elif isinstance(node, ast.IfExp):
        yield _swapped(site, node, node.body, node.orelse)
    elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.ctx, ast.Load):
        yield _swapped(site, node, node.elts[0], node.elts[1], 0.5)


def _swapped(
    site: Site, whole: ast.expr, left: ast.expr, right: ast.expr, share: float = 1.0
) -> Replacement:
    source = site.source
    before = source.between(source.start(whole), source.start(left))
    middle = source.between(source.end(left), source.start(right))
    after = source.between(source.end(right), source.end(whole))
    text = f"{before}{source.of(right)}{middle}{source.of(left)}{after}"
    return replace_node(source, whole, text, share)


def _is_value(site: Site, node: ast.Name) -> bool:
    """Return whether a name is returned or passed as an argument."""
    if not isinstance(node.ctx, ast.Load) or getattr(site.parent, "func", None) is node:
        return False
    return isinstance(site.parent, ast.Return | ast.Call)


def _is_condition(site: Site) -> bool:
    if getattr(site.parent, "test", None) is site.node:
        return True
    return site.node in getattr(site.parent, "ifs", ())


def _comparison_signs(site: Site) -> Iterator[tuple[str, int, int]]:
    """Yield the signs of a comparison with their byte offsets."""
    node = site.node
    if not isinstance(node, ast.Compare):
        return
    operands = (node.left, *node.comparators)
    for operator, left, right in zip(node.ops, operands, operands[1:], strict=False):
        sign = _COMPARISONS[type(operator)]
        span = _between(site, left, right, re.escape(sign).replace(r"\ ", r"\s+"))
        if span:
            yield sign, *span


def _between(site: Site, left: ast.expr, right: ast.expr, pattern: str) -> tuple[int, int] | None:
    """Return the byte offsets of a sign between two expressions."""
    start, end = site.source.end(left), site.source.start(right)
    gap = site.source.between(start, end)
    match = re.search(pattern, gap)
    if match is None:
        return None
    before = len(gap[: match.start()].encode())
    return start + before, start + before + len(match[0].encode())
