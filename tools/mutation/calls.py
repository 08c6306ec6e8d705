"""Mutation operators that change calls, names, slices and indexes.

The first line of an operator's docstring is its `summary`: what it puts in place of the old code.
"""

import ast
from collections.abc import Iterator

from refinegraph.tools.mutation.sites import Site
from refinegraph.tools.mutation.source import Replacement, replace_node

_PAIRS = (
    *(("min", "max"), ("any", "all"), ("floor", "ceil"), ("upper", "lower")),
    *(("startswith", "endswith"), ("lstrip", "rstrip"), ("find", "rfind"), ("index", "rindex")),
    *(("split", "rsplit"), ("partition", "rpartition"), ("append", "extend"), ("ljust", "rjust")),
    *(("removeprefix", "removesuffix"), ("add", "discard"), ("keys", "values"), ("int", "round")),
    *(("pop", "get"), ("union", "intersection"), ("popleft", "pop"), ("appendleft", "append")),
    *(("isinstance", "issubclass"), ("difference", "symmetric_difference"), ("items", "values")),
    *(("strip", "lstrip"), ("strip", "rstrip"), ("sorted", "list"), ("list", "set")),
    *(
        ("capitalize", "title"),
        ("isdigit", "isalnum"),
        ("isalpha", "isalnum"),
        ("bisect_left", "bisect_right"),
        ("update", "setdefault"),
        ("match", "search"),
        ("match", "fullmatch"),
    ),
)
_CONFUSABLE: dict[str, tuple[str, ...]] = {}
for _left, _right in _PAIRS:
    _CONFUSABLE[_left] = (*_CONFUSABLE.get(_left, ()), _right)
    _CONFUSABLE[_right] = (*_CONFUSABLE.get(_right, ()), _left)
_MAX_NAMES = 12
"""Names tried instead of one: a choice. In functions with more variables, the others are defined
far from it."""


def called_function(site: Site) -> Iterator[Replacement]:
    """A function that is easily confused with the called one, such as `max` for `min`."""
    node, source = site.node, site.source
    if not isinstance(node, ast.Call):
        return
    function = node.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    end = source.end(function)
    for other in _CONFUSABLE.get(name, ()):
        share = 1 / len(_CONFUSABLE[name])
        yield Replacement(end - len(name.encode()), end, other, share)


def swapped_arguments(site: Site) -> Iterator[Replacement]:
    """Two adjacent positional arguments in the other order."""
    node, source = site.node, site.source
    if not isinstance(node, ast.Call):
        return
    pairs = list(zip(node.args, node.args[1:], strict=False))
    for left, right in pairs:
        if isinstance(left, ast.Starred) or isinstance(right, ast.Starred):
            continue
        middle = source.between(source.end(left), source.start(right))
        text = f"{source.of(right)}{middle}{source.of(left)}"
        yield Replacement(source.start(left), source.end(right), text, 1 / len(pairs))


def dropped_argument(site: Site) -> Iterator[Replacement]:
    """A call without one keyword argument, or without its last positional argument."""
    node, source = site.node, site.source
    if not isinstance(node, ast.Call):
        return
    arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    droppable = list(node.keywords) or (list(node.args[1:])[-1:])
    for argument in droppable:
        index = arguments.index(argument)
        if index == 0:
            yield Replacement(source.start(argument), source.end(argument), "", 0.5)
        else:
            before = source.end(arguments[index - 1])
            yield Replacement(before, source.end(argument), "", 1 / len(droppable))


def unwrapped_call(site: Site) -> Iterator[Replacement]:
    """`x` for `f(x)` or `x.f()`."""
    node, source = site.node, site.source
    if not isinstance(node, ast.Call) or isinstance(site.parent, ast.Expr) or node.keywords:
        return
    if len(node.args) == 1 and not isinstance(node.args[0], ast.Starred | ast.GeneratorExp):
        yield replace_node(source, node, source.of(node.args[0]), 0.5)
    if isinstance(node.func, ast.Attribute):
        yield replace_node(source, node, source.of(node.func.value), 0.5)


def wrapped_name(site: Site) -> Iterator[Replacement]:
    """A returned or passed name wrapped in a call that is easily forgotten, such as `len`."""
    node = site.node
    if not isinstance(node, ast.Name | ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return
    if not isinstance(site.parent, ast.Return | ast.Call | ast.BinOp | ast.Assign | ast.Compare):
        return
    if getattr(site.parent, "func", None) is node:
        return
    text = site.source.of(node)
    wrappers = ("list", "len", "str", "int", "abs", "sorted", "reversed", "tuple", "set")
    for wrapper in wrappers:
        yield replace_node(site.source, node, f"{wrapper}({text})", 1 / len(wrappers))


def variable(site: Site) -> Iterator[Replacement]:
    """Another variable of the same function."""
    node = site.node
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
        return
    if node.id not in site.names.variables:
        return
    others = [name for name in _near(node.id, site.names.variables) if name != node.id]
    for name in others:
        yield replace_node(site.source, node, name, 1 / len(others))


def attribute(site: Site) -> Iterator[Replacement]:
    """Another attribute of `self`."""
    node, source = site.node, site.source
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return
    if node.value.id != "self" or node.attr not in site.names.attributes:
        return
    others = [name for name in _near(node.attr, site.names.attributes) if name != node.attr]
    end = source.end(node)
    for name in others:
        yield Replacement(end - len(node.attr.encode()), end, name, 1 / len(others))


def _near(name: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that were introduced closest to a name."""
    index = names.index(name)
    ranked = sorted(names, key=lambda other: abs(names.index(other) - index))
    return tuple(ranked[: _MAX_NAMES + 1])


def off_by_one(site: Site) -> Iterator[Replacement]:
    """One more or one less in a range, a slice, an index, a length or a compared name."""
    node, source = site.node, site.source
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "range":
        yield from _range_bounds(site, node)
    elif isinstance(node, ast.Slice):
        yield from _slice_bounds(site, node)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name | ast.BinOp):
        yield from _one_more_or_less(site, node.slice)
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "len":
        yield replace_node(source, node, f"({source.of(node)} - 1)", 0.3)
        yield replace_node(source, node, f"({source.of(node)} + 1)", 0.3)
    elif isinstance(node, ast.Name) and isinstance(site.parent, ast.Compare | ast.Return):
        yield from _one_more_or_less(site, node, 0.2)


def _range_bounds(site: Site, node: ast.Call) -> Iterator[Replacement]:
    for bound in node.args[:2]:
        if not isinstance(bound, ast.Starred):
            yield from _one_more_or_less(site, bound)
    if len(node.args) == 1:
        start = site.source.start(node.args[0])
        yield Replacement(start, start, "1, ", 0.5)
    if len(node.args) >= 2:
        first = node.args[0]
        start, end = site.source.start(first), site.source.start(node.args[1])
        yield Replacement(start, end, "" if len(node.args) == 2 else "0, ", 0.3)


def _slice_bounds(site: Site, node: ast.Slice) -> Iterator[Replacement]:
    source = site.source
    for bound in (node.lower, node.upper):
        if bound is not None:
            if not isinstance(bound, ast.Constant | ast.UnaryOp):
                yield from _one_more_or_less(site, bound)
            yield replace_node(source, bound, "", 0.4)
    text = source.between(source.start(node), source.end(node))
    if node.lower is None and text.startswith(":"):
        yield Replacement(source.start(node), source.start(node), "1", 0.5)
    if node.upper is None and node.step is None and text.endswith(":"):
        yield Replacement(source.end(node), source.end(node), "-1", 0.5)


def _one_more_or_less(site: Site, node: ast.expr, share: float = 0.5) -> Iterator[Replacement]:
    text = site.source.of(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return  # the operator `constant` changes integers
    bare = isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript | ast.BinOp)
    inner = text if bare else f"({text})"
    yield replace_node(site.source, node, f"{inner} + 1", share)
    yield replace_node(site.source, node, f"{inner} - 1", share)
