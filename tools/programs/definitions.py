"""Analyse the names that a Python module binds and reads, from its syntax tree."""

import ast
import builtins
from collections.abc import Iterator

_AMBIENT = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__", "__class__"}

TYPING_NAMES = frozenset(
    {
        "Any", "Callable", "ClassVar", "Collection", "DefaultDict", "Deque", "Dict", "Final",
        "FrozenSet", "Generator", "Generic", "Hashable", "Iterable", "Iterator", "List", "Literal",
        "Mapping", "MutableMapping", "NamedTuple", "NoReturn", "Optional", "Protocol", "Sequence",
        "Set", "Sized", "Tuple", "Type", "TypedDict", "TypeVar", "Union",
    }
)  # fmt: skip
"""Names that programs use without importing them and that can only come from `typing`."""


def bound_by(statement: ast.stmt) -> frozenset[str]:
    """Return the names that a top-level statement binds, including those in its branches."""
    return frozenset(_bound_by(statement))


def _bound_by(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    if isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield (alias.asname or alias.name).partition(".")[0]
        return
    for node in ast.iter_child_nodes(statement):
        if isinstance(node, ast.stmt):
            yield from _bound_by(node)
        elif isinstance(node, ast.ExceptHandler):
            for inner in node.body:
                yield from _bound_by(inner)
        else:
            yield from _stored(node)


def _stored(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id


def attributes_set_by(statement: ast.stmt) -> frozenset[str]:
    """Return `NAME.` for every name on which a top-level assignment sets an attribute."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return frozenset(
        f"{target.value.id}."
        for target in targets
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name)
    )


def module_names(module: ast.Module) -> frozenset[str]:
    """Return every name that the module binds at its top level."""
    return frozenset[str]().union(*map(bound_by, module.body))


def missing_names(module: ast.Module) -> frozenset[str]:
    """Return the names that a module reads but never binds, except builtins."""
    read: set[str] = set()
    bound: set[str] = set(_AMBIENT)
    for node in ast.walk(module):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        else:
            bound.update(_bound_by_node(node))
    return frozenset(read - bound)


def _bound_by_node(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.arg():
            yield node.arg
        case ast.alias():
            yield (node.asname or node.name).partition(".")[0]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            yield name
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name
        case _:
            return


def find_definition(module: ast.Module, name: str) -> ast.stmt | None:
    """Return the last top-level statement that binds the name to something callable.

    Imports and plain values do not count.
    """
    for statement in reversed(module.body):
        if name in bound_by(statement) and _may_be_callable(statement):
            return statement
    return None


def _may_be_callable(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return isinstance(statement.value, ast.Lambda | ast.Call | ast.Name | ast.Attribute)
    return not isinstance(statement, ast.Import | ast.ImportFrom | ast.AugAssign | ast.For)


def find_method(module: ast.Module, name: str) -> str | None:
    """Return the class that has the method, if it can be instantiated without arguments."""
    for statement in reversed(module.body):
        if isinstance(statement, ast.ClassDef) and name in _methods(statement):
            return statement.name
    return None


def _methods(statement: ast.ClassDef) -> frozenset[str]:
    methods = [node for node in statement.body if isinstance(node, ast.FunctionDef)]
    if any(method.name == "__init__" and _needs_arguments(method) for method in methods):
        return frozenset()
    return frozenset(method.name for method in methods)


def _needs_arguments(function: ast.FunctionDef) -> bool:
    positional = len(function.args.posonlyargs) + len(function.args.args)
    required = positional - len(function.args.defaults)
    return required > 1 or any(default is None for default in function.args.kw_defaults)


def redefines_itself(statement: ast.stmt) -> bool:
    """Return whether a function contains one of its own name, as when its header is repeated."""
    own = getattr(statement, "name", None)
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node is not statement
        and node.name == own
        for node in ast.walk(statement)
    )


def is_stub(statement: ast.stmt) -> bool:
    """Return whether a definition contains only a docstring, `pass`, `...`, imports or names."""
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    return all(_does_nothing(inner) for inner in statement.body)


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant | ast.Name)
    return isinstance(statement, ast.Pass | ast.Import | ast.ImportFrom)


def is_meaningful(module: ast.Module) -> bool:
    """Return whether a module does anything; prose such as `Sure` parses as a bare name."""
    return any(
        not isinstance(statement, ast.Expr) or isinstance(statement.value, ast.Call)
        for statement in module.body
    )


def defines_something(module: ast.Module) -> bool:
    """Return whether a module defines a function or class that is not a test."""
    return any(
        isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not statement.name.lower().startswith("test")
        for statement in module.body
    )


def first_line(statement: ast.stmt) -> int:
    """Return the first line of a statement, including its decorators."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return min([statement.lineno, *(node.lineno for node in statement.decorator_list)])
    return statement.lineno


def text_of(source: str, statement: ast.stmt) -> str:
    """Return the source lines that a statement spans."""
    return "\n".join(source.split("\n")[first_line(statement) - 1 : statement.end_lineno])
