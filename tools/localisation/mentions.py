"""Definitions that a description of a fault names."""

import ast
import re
from collections.abc import Mapping

from refinegraph.tools.localisation.spectrum import Line
from refinegraph.tools.programs.python_source import parse_module

_QUOTED = re.compile(r"`+([^`\n]+)`+")
_WORD = re.compile(r"[A-Za-z_]\w*")
_CODE_LIKE = re.compile(r"\b(?:[A-Za-z_]\w*_\w+|[A-Z]\w*[a-z]\w*[A-Z]\w*|[A-Za-z_]\w*(?=\())")
"""Names with an underscore, in camel case, or followed by a parenthesis."""
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def names_in(text: str) -> frozenset[str]:
    """Return the identifiers that a text seems to mean as code.

    >>> sorted(names_in("`Cart.total` is wrong when parse_line(x) fails; see the docs"))
    ['Cart', 'parse_line', 'total']
    """
    quoted = " ".join(_QUOTED.findall(text))
    return frozenset([*_WORD.findall(quoted), *_CODE_LIKE.findall(text)])


def mentioned_lines(text: str, sources: Mapping[str, str]) -> dict[Line, float]:
    """Return the lines of Python definitions that a text names, each with a score from 0 to 1.

    The score of a definition is shared out: a name that several definitions have says less about
    each of them, and a class of hundreds of lines says less about each line than a function.
    """
    names = names_in(text)
    if not names:
        return {}
    found = [
        (path, node)
        for path, source in sources.items()
        for node in _definitions(source)
        if node.name in names
    ]
    alike: dict[str, int] = {}
    for _, node in found:
        alike[node.name] = alike.get(node.name, 0) + 1
    scores: dict[Line, float] = {}
    for path, node in found:
        share = 1 / alike[node.name]
        if isinstance(node, ast.ClassDef):
            share /= 2
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
            line = Line(path, number)
            scores[line] = max(scores.get(line, 0.0), share)
    return scores


def _definitions(source: str) -> list[_Definition]:
    module = parse_module(source)
    nodes = ast.walk(module) if module else ()
    return [node for node in nodes if isinstance(node, _Definition)]
