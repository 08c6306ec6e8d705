"""Dynamic slicing: the traced lines that a result depends on (Korel and Laski, 1988)."""

import ast
from collections.abc import Iterator, Sequence

from refinegraph.tools.programs.python_source import parse_module
from refinegraph.tools.sandbox.tracing import TraceLine

_BLOCKS = (ast.If, ast.While, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def value_slice(trace: Sequence[TraceLine], source: str) -> tuple[TraceLine, ...]:
    r"""Return the visits that the last returned value depends on, in the order of execution.

    A line belongs to the slice if it set a name that a later line of the slice reads, or that a
    condition around such a line reads. Lines that had no part in a wrong result are left out, so
    the fault is on one of the returned lines. A container counts as one value: its items are not
    tracked separately. Empty if nothing was returned or the source does not parse.

    >>> lines = [
    ...     TraceLine(number=2, function="f", changed=(("a", "1"),)),
    ...     TraceLine(number=3, function="f", changed=(("b", "9"),)),
    ...     TraceLine(number=4, function="f", changed=(("return", "2"),)),
    ... ]
    >>> source = "def f(x):\n    a = x\n    b = 9\n    return a + 1\n"
    >>> [line.number for line in value_slice(lines, source)]
    [2, 4]
    """
    module = parse_module(source)
    last = _last_return(trace)
    if module is None or last is None:
        return ()
    reads = dict(_reads(module, frozenset()))
    wanted: dict[str, set[str]] = {trace[last].function: set(reads.get(trace[last].number, ()))}
    kept = [trace[last]]
    for visit in reversed(trace[:last]):
        names = {name for name, _ in visit.changed}
        called = any(visit.function in others for others in wanted.values())
        own = wanted.get(visit.function, set())
        if not names & own and not ("return" in names and called):
            continue
        kept.append(visit)
        wanted[visit.function] = (own - names) | reads.get(visit.number, frozenset())
    return tuple(reversed(kept))


def _last_return(trace: Sequence[TraceLine]) -> int | None:
    visits = reversed(range(len(trace)))
    return next((index for index in visits if "return" in dict(trace[index].changed)), None)


def _reads(node: ast.AST, around: frozenset[str]) -> Iterator[tuple[int, frozenset[str]]]:
    """Yield every line with the names read by it and by the conditions around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _SCOPES):
            yield from _reads(child, frozenset())
        elif isinstance(child, _BLOCKS):
            header = around | _names_of_header(child)
            yield child.lineno, header
            yield from _reads(child, header)
        elif isinstance(child, ast.stmt):
            names = around | _names(child)
            for line in range(child.lineno, (child.end_lineno or child.lineno) + 1):
                yield line, names
            yield from _reads(child, around)


def _names_of_header(block: ast.AST) -> frozenset[str]:
    """Return the names that the first line of a block reads."""
    match block:
        case ast.If(test=header) | ast.While(test=header):
            return _names(header)
        case ast.For(iter=header) | ast.AsyncFor(iter=header):
            return _names(header)
        case ast.With(items=items) | ast.AsyncWith(items=items):
            return frozenset(name for item in items for name in _names(item.context_expr))
        case _:
            return frozenset()


def _names(node: ast.AST) -> frozenset[str]:
    return frozenset(
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name)
        and (isinstance(part.ctx, ast.Load) or isinstance(node, ast.AugAssign))
    )
