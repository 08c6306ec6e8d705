"""Parse Python source while other threads parse, too."""

import ast

_TRIES = 20
"""Attempts at one source; two failures in a row have not been seen."""


def parse_source(source: str) -> ast.Module:
    """Return the syntax tree of a source; raise what `ast.parse` raises.

    Some versions of Python count the nesting of trees for all threads together and raise
    `SystemError` if another thread parses meanwhile (python/cpython#106905), which says nothing
    about the source.
    """
    for _ in range(_TRIES - 1):
        try:
            return ast.parse(source)
        except SystemError:
            continue
    return ast.parse(source)
