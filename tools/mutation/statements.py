"""Mutation operators that change, move, remove or add statements.

The first line of an operator's docstring is its `summary`.
"""

import ast
import textwrap
from collections.abc import Iterator

from refinegraph.tools.mutation.sites import Function, Site
from refinegraph.tools.mutation.source import Replacement

_REMOVABLE = (
    *(ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.Raise, ast.Continue, ast.Break),
    *(ast.Delete, ast.If),
)
_LOOPS = ast.For | ast.While | ast.AsyncFor
_ERRORS = ("KeyError", "IndexError", "TypeError", "ValueError", "AttributeError")


def missing_return(site: Site) -> Iterator[Replacement]:
    """Return the value of an expression statement at the end of a block."""
    node = site.node
    if not isinstance(node, ast.Expr) or not isinstance(site.scope, Function):
        return
    if isinstance(node.value, ast.Constant | ast.Yield | ast.YieldFrom | ast.Await):
        return
    if site.block[-1] is node:
        start = site.source.start(node)
        yield Replacement(start, start, "return ")


def jump(site: Site) -> Iterator[Replacement]:
    """Exchange `break` and `continue`."""
    node, source = site.node, site.source
    if isinstance(node, ast.Break | ast.Continue):
        other = "continue" if isinstance(node, ast.Break) else "break"
        yield Replacement(source.start(node), source.end(node), other)


def removed(site: Site) -> Iterator[Replacement]:
    """Remove a statement."""
    node, source = site.node, site.source
    if node is not site.statement or not isinstance(node, _REMOVABLE):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.If) and _is_elif(site, node):
        return
    if not source.stands_alone(node):
        return
    if len(site.block) == 1:
        yield Replacement(source.start(node), source.end(node), "pass")
    else:
        yield Replacement(source.line_start(node), source.line_end(node), "")


def unguarded(site: Site) -> Iterator[Replacement]:
    """Always run the body of an `if` that has no `else`."""
    node, source = site.node, site.source
    if not isinstance(node, ast.If) or node.orelse or _is_elif(site, node):
        return
    if not source.stands_alone(node) or node.body[0].lineno == node.lineno:
        return
    body = source.between(source.line_start(node.body[0]), source.line_end(node.body[-1]))
    text = textwrap.indent(textwrap.dedent(body), source.indentation(node))
    yield Replacement(source.line_start(node), source.line_end(node), text)


def moved_out(site: Site) -> Iterator[Replacement]:
    """Move the last statement of a block after the block, such as a `return` in a loop."""
    node, source, owner = site.statement, site.source, site.owner
    if site.node is not node or len(site.block) < 2 or site.block[-1] is not node:
        return
    if not isinstance(owner, _LOOPS | ast.If | ast.With) or getattr(owner, "orelse", None):
        return
    if not source.stands_alone(node) or isinstance(node, ast.Continue | ast.Break):
        return
    own = source.between(source.line_start(node), source.line_end(node))
    text = textwrap.indent(textwrap.dedent(own), source.indentation(owner))
    share = 1.0 if isinstance(node, ast.Return) else 0.5
    yield Replacement(source.line_start(node), source.line_end(node), text, share)


def moved_in(site: Site) -> Iterator[Replacement]:
    """Move a statement into the block before it."""
    node, source = site.statement, site.source
    index = site.block.index(node)
    before = site.block[index - 1] if index else None
    if site.node is not node or not isinstance(before, _LOOPS | ast.If | ast.With):
        return
    if getattr(before, "orelse", None) or not source.stands_alone(node) or _is_def(node):
        return
    if before.body[-1].lineno == before.lineno:
        return
    own = source.between(source.line_start(node), source.line_end(node))
    text = textwrap.indent(textwrap.dedent(own), source.indentation(before.body[-1]))
    yield Replacement(source.line_start(node), source.line_end(node), text)


def swapped_statements(site: Site) -> Iterator[Replacement]:
    """Exchange a statement with the next one."""
    node, source = site.statement, site.source
    index = site.block.index(node)
    if site.node is not node or index + 1 >= len(site.block):
        return
    following = site.block[index + 1]
    if _is_def(node) or _is_def(following):
        return
    if not source.stands_alone(node) or not source.stands_alone(following):
        return
    first = source.between(source.line_start(node), source.line_end(node))
    gap = source.between(source.line_end(node), source.line_start(following))
    second = source.between(source.line_start(following), source.line_end(following))
    if second.endswith("\n") and not gap.strip():
        text = f"{second}{gap}{first}"
        yield Replacement(source.line_start(node), source.line_end(following), text)


def guard(site: Site) -> Iterator[Replacement]:
    """Return early from a function if a parameter is empty."""
    node, source = site.statement, site.source
    scope = site.scope
    if site.node is not node or not isinstance(scope, Function) or site.owner is not scope:
        return
    if _first_statement(scope) is not node or not source.stands_alone(node):
        return
    indentation = source.indentation(node)
    names = [name for name in site.names.variables if name in _parameters(scope)][:4]
    values = ("None", "[]", "0", "''", "False")
    for name in names:
        returned = (name, *values)
        for value in returned:
            text = f"{indentation}if not {name}:\n{indentation}    return {value}\n"
            share = 1 / (len(names) * len(returned))
            yield Replacement(source.line_start(node), source.line_start(node), text, share)


def wider_except(site: Site) -> Iterator[Replacement]:
    """Catch another type of error as well."""
    node, source = site.node, site.source
    if not isinstance(node, ast.ExceptHandler) or not isinstance(node.type, ast.Name):
        return
    others = [error for error in _ERRORS if error != node.type.id]
    start, end = source.start(node.type), source.end(node.type)
    for error in others:
        yield Replacement(start, end, f"({node.type.id}, {error})", 1 / len(others))


def returned_value(site: Site) -> Iterator[Replacement]:
    """Return a variable instead of a constant, or the negation of a condition."""
    node, source = site.node, site.source
    if not isinstance(node, ast.Return) or node.value is None:
        return
    if isinstance(node.value, ast.Compare | ast.BoolOp):
        start, end = source.start(node.value), source.end(node.value)
        yield Replacement(start, end, f"not ({source.of(node.value)})", 0.5)
    for name in site.names.variables[:6]:
        if isinstance(node.value, ast.Constant):
            start, end = source.start(node.value), source.end(node.value)
            yield Replacement(start, end, name, 0.1)


def _parameters(function: Function) -> frozenset[str]:
    arguments = function.args
    return frozenset(argument.arg for argument in (*arguments.posonlyargs, *arguments.args))


def _first_statement(function: Function) -> ast.stmt | None:
    body = function.body
    documented = ast.get_docstring(function, clean=False) is not None
    rest = body[1:] if documented else body
    return rest[0] if rest else None


def _is_elif(site: Site, node: ast.If) -> bool:
    return not site.source.between(site.source.start(node), site.source.end(node)).startswith("if")


def _is_def(node: ast.stmt) -> bool:
    return isinstance(node, Function | ast.ClassDef | ast.Import | ast.ImportFrom)
