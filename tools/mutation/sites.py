"""The sites of a file that can be changed: its nodes with their statement, block and scope."""

import ast
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from refinegraph.tools.mutation.source import Source

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = Function | ast.Module


@dataclass(frozen=True)
class Site:
    """A node that may be changed, and its context."""

    source: Source
    node: ast.AST
    parent: ast.AST
    statement: ast.stmt
    block: tuple[ast.stmt, ...]
    """The statements of the block that contains the statement."""
    owner: ast.AST
    """The node that the block belongs to."""
    scope: Scope
    names: "ScopeNames"


@dataclass
class ScopeNames:
    """Names that an expression may use instead of another name."""

    variables: tuple[str, ...] = ()
    """Parameters and local variables, in the order of the source."""
    attributes: tuple[str, ...] = ()
    """Attributes of `self` in the enclosing class."""


@dataclass
class _Walk:
    source: Source
    lines: Sequence[int] | None
    """The sorted numbers of the lines whose statements are walked; None for all."""
    sites: list[Site] = field(default_factory=list[Site])

    def block(
        self, statements: list[ast.stmt], owner: ast.AST, scope: Scope, names: ScopeNames
    ) -> None:
        for statement in filter(self._has_lines, statements):
            self.statement(statement, tuple(statements), owner, scope, names)

    def _has_lines(self, statement: ast.stmt) -> bool:
        if self.lines is None:
            return True
        first = min([statement.lineno, *(node.lineno for node in _decorators(statement))])
        index = bisect_left(self.lines, first)
        last = statement.end_lineno or first
        return index < len(self.lines) and self.lines[index] <= last

    def statement(
        self,
        statement: ast.stmt,
        block: tuple[ast.stmt, ...],
        owner: ast.AST,
        scope: Scope,
        names: ScopeNames,
    ) -> None:
        def add(node: ast.AST, parent: ast.AST) -> None:
            self.sites.append(
                Site(self.source, node, parent, statement, block, owner, scope, names)
            )

        add(statement, owner)
        inner_scope, inner_names = scope, names
        if isinstance(statement, Function):
            inner_scope = statement
            inner_names = ScopeNames(_variables(statement), names.attributes)
        elif isinstance(statement, ast.ClassDef):
            inner_names = ScopeNames(names.variables, _attributes(statement))
        for node, parent in _expressions(statement):
            add(node, parent)
        for blocks in _blocks(statement):
            self.block(blocks, statement, inner_scope, inner_names)
        for handler in getattr(statement, "handlers", ()):
            add(handler, statement)
            self.block(handler.body, handler, inner_scope, inner_names)
        for case in getattr(statement, "cases", ()):
            self.block(case.body, case, inner_scope, inner_names)


def sites_of(
    module: ast.Module, source: Source, *, lines: Collection[int] | None = None
) -> list[Site]:
    """Return the sites of a file that operators may change, in the order of the file.

    Statements without any of the lines are left out; None stands for all lines.
    """
    walk = _Walk(source, None if lines is None else sorted(lines))
    walk.block(module.body, module, module, ScopeNames(_variables(module)))
    return walk.sites


_SKIPPED = (ast.stmt, ast.excepthandler, ast.match_case, ast.JoinedStr)
"""Statements are sites of their own, and before Python 3.12 the positions of parts of formatted
strings are wrong."""


def _expressions(statement: ast.stmt) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield the expressions of a statement with their parents, without those of inner blocks."""
    pending: list[tuple[ast.AST, ast.AST]] = [(child, statement) for child in _children(statement)]
    while pending:
        node, parent = pending.pop(0)
        if isinstance(node, ast.expr | ast.keyword | ast.arg):
            yield node, parent
        pending = [(child, node) for child in _children(node)] + pending


def _children(node: ast.AST) -> list[ast.AST]:
    """Return the child nodes that are neither statements nor annotations."""
    return [
        child
        for name, value in ast.iter_fields(node)
        if name not in ("annotation", "returns")
        for child in (cast("list[object]", value) if isinstance(value, list) else [value])
        if isinstance(child, ast.AST) and not isinstance(child, _SKIPPED)
    ]


def _decorators(statement: ast.stmt) -> list[ast.expr]:
    return list(getattr(statement, "decorator_list", ()))


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block


def _variables(scope: Scope) -> tuple[str, ...]:
    """Return the parameters of a scope and the names that it assigns."""
    names: dict[str, None] = {}
    if isinstance(scope, Function):
        arguments = scope.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            names[argument.arg] = None
    pending: list[ast.AST] = list(scope.body)
    while pending:
        node = pending.pop(0)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names[node.id] = None
        if not isinstance(node, Function | ast.ClassDef | ast.Lambda):
            pending = [*ast.iter_child_nodes(node), *pending]
    return tuple(name for name in names if name not in ("self", "cls", "_"))


def _attributes(statement: ast.ClassDef) -> tuple[str, ...]:
    attributes = (
        node.attr
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        and isinstance(node.ctx, ast.Store)
    )
    return tuple(dict.fromkeys(attributes))
