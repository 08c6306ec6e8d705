"""Where a file can be changed: its nodes with their statement, block and scope."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from refinegraph.tools.mutation.source import Source

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = Function | ast.Module


@dataclass(frozen=True)
class Site:
    """A node that may be changed, and what stands around it."""

    source: Source
    node: ast.AST
    parent: ast.AST
    statement: ast.stmt
    block: tuple[ast.stmt, ...]
    """The statements among which the statement stands."""
    owner: ast.AST
    """The node that the block belongs to."""
    scope: Scope
    names: "ScopeNames"


@dataclass
class ScopeNames:
    """Names that an expression of a function may use in the place of another."""

    variables: tuple[str, ...] = ()
    """Parameters and local variables, in their order."""
    attributes: tuple[str, ...] = ()
    """Attributes of `self` in the class around."""


@dataclass
class _Walk:
    source: Source
    sites: list[Site] = field(default_factory=list[Site])

    def block(
        self, statements: list[ast.stmt], owner: ast.AST, scope: Scope, names: ScopeNames
    ) -> None:
        for statement in statements:
            self.statement(statement, tuple(statements), owner, scope, names)

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


def sites_of(module: ast.Module, source: Source) -> list[Site]:
    """Return every place of a file that operators may look at, in the order of the file."""
    walk = _Walk(source)
    walk.block(module.body, module, module, ScopeNames(_variables(module)))
    return walk.sites


_ELSEWHERE = (ast.stmt, ast.excepthandler, ast.match_case, ast.JoinedStr)
"""Statements are places of their own; before Python 3.12, parts of formatted strings have no true
positions."""


def _expressions(statement: ast.stmt) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield the expressions of a statement with their parents, those of inner blocks not."""
    pending: list[tuple[ast.AST, ast.AST]] = [(child, statement) for child in _children(statement)]
    while pending:
        node, parent = pending.pop(0)
        if isinstance(node, ast.expr | ast.keyword | ast.arg):
            yield node, parent
        pending = [(child, node) for child in _children(node)] + pending


def _children(node: ast.AST) -> list[ast.AST]:
    """Return the parts of a node that are no statements and no annotations."""
    return [
        child
        for name, value in ast.iter_fields(node)
        if name not in ("annotation", "returns")
        for child in (cast("list[object]", value) if isinstance(value, list) else [value])
        if isinstance(child, ast.AST) and not isinstance(child, _ELSEWHERE)
    ]


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block


def _variables(scope: Scope) -> tuple[str, ...]:
    """Return the parameters and the names that a scope itself assigns."""
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
    found = (
        node.attr
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        and isinstance(node.ctx, ast.Store)
    )
    return tuple(dict.fromkeys(found))
