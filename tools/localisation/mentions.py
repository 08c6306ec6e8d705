"""Find the definitions that the description of a fault mentions."""

import ast
import re
from collections import Counter
from collections.abc import Mapping

from refinegraph.tools.localisation.spectrum import Line
from refinegraph.tools.programs.python_source import parse_module

_QUOTED = re.compile(r"`+([^`\n]+)`+")
_WORD = re.compile(r"[A-Za-z_]\w*")
_CODE_LIKE = re.compile(r"\b(?:[A-Za-z_]\w*_\w+|[A-Z]\w*[a-z]\w*[A-Z]\w*|[A-Za-z_]\w*(?=\())")
"""Names with an underscore, in camel case, or followed by a parenthesis."""
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def names_in(text: str) -> frozenset[str]:
    """Return the words of a text that look like identifiers.

    >>> sorted(names_in("`Cart.total` is wrong when parse_line(x) fails; see the docs"))
    ['Cart', 'parse_line', 'total']
    """
    quoted = " ".join(_QUOTED.findall(text))
    return frozenset([*_WORD.findall(quoted), *_CODE_LIKE.findall(text)])


def mentioned_lines(text: str, sources: Mapping[str, str]) -> dict[Line, float]:
    """Return the lines of the Python definitions that a text names, with scores from 0 to 1.

    Definitions with the same name share a score, and a class scores half as much as a function: the
    more lines a name covers, the less it says about any one of them.
    """
    names = names_in(text)
    if not names:
        return {}
    mentioned = [
        (path, node)
        for path, source in sources.items()
        for node in _definitions(source)
        if node.name in names
    ]
    counts = Counter(node.name for _, node in mentioned)
    scores: dict[Line, float] = {}
    for path, node in mentioned:
        share = 1 / counts[node.name]
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
