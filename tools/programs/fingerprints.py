"""Normalise and fingerprint programs, ignoring comments, docstrings and formatting."""

import ast
import hashlib

from refinegraph.tools.programs.python_source import parse_module

_Documented = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def normalise_program(source: str) -> str:
    """Return a program in canonical formatting, without comments and docstrings.

    Programs that differ only in these become the same text. Source that does not parse is returned
    stripped.

    >>> normalise_program("def f( x ):  # twice\\n    'Docs.'\\n    return 2*x")
    'def f(x):\\n    return 2 * x'
    """
    module = parse_module(source)
    if module is None:
        return source.strip()
    for node in ast.walk(module):
        if isinstance(node, _Documented):
            _drop_docstring(node)
    try:
        return ast.unparse(module)
    except (RecursionError, ValueError):
        return source.strip()


def _drop_docstring(node: _Documented) -> None:
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or ([] if isinstance(node, ast.Module) else [ast.Pass()])


def program_fingerprint(source: str) -> str:
    """Return the SHA-256 digest of the normalised program as a hexadecimal string.

    >>> program_fingerprint("x=1") == program_fingerprint("x = 1  # one")
    True
    """
    normal = normalise_program(source).encode("utf-8", "surrogatepass")
    return hashlib.sha256(normal).hexdigest()
