"""A map of the names that a checkout defines, for models that see only parts of its files."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from refinegraph.schema import SuspectLine
from refinegraph.tools.programs.python_source import parse_module

_MAX_LINES = 80
"""Lines of a map: about a thousand tokens, a fifth of the excerpts. The number is a choice."""
_MAX_NAMES = 16
"""Names of one file, so that one long file does not crowd out the others. A choice."""
_MAX_SIGNATURE = 90
_DEFINITION = re.compile(
    r"^(?:export |pub |public |static |default |async )*"
    r"(?:class|interface|struct|enum|trait|impl|func|function|fn|def|module|type) +\w.*"
)
"""A definition at the start of a line, in languages whose syntax is not parsed."""
_SOURCES = (".js", ".jsx", ".ts", ".tsx", ".go", ".rs", ".java", ".kt", ".rb", ".php", ".cs", ".py")


def name_map(files: Mapping[str, str], suspects: Sequence[SuspectLine]) -> str:
    r"""Return the files with the definitions in them, the most suspicious files first.

    Files without suspicious lines follow in the order of their paths. Empty if nothing is defined.

    >>> print(name_map({"a.py": "def f(x, *, y=1):\n    return x\n"}, []))
    a.py
      1: def f(x, *, y)
    """
    lines: list[str] = []
    for path in _ranked(files, suspects):
        names = list(_definitions(path, files[path]))
        shown = [f"  {number}: {text[:_MAX_SIGNATURE]}" for number, text in names[:_MAX_NAMES]]
        if len(names) > len(shown):
            shown.append(f"  and {len(names) - len(shown)} more")
        if shown and len(lines) + len(shown) < _MAX_LINES:
            lines += [path, *shown]
    return "\n".join(lines)


def _ranked(files: Mapping[str, str], suspects: Sequence[SuspectLine]) -> list[str]:
    scores: dict[str, float] = {}
    for suspect in suspects:
        scores[suspect.path] = max(scores.get(suspect.path, 0.0), suspect.score)
    paths = [path for path in files if path.endswith(_SOURCES)]
    return sorted(paths, key=lambda path: (-scores.get(path, 0.0), path))


def _definitions(path: str, text: str) -> Iterator[tuple[int, str]]:
    module = parse_module(text) if path.endswith(".py") else None
    if module is not None:
        yield from _python_definitions(module.body, "")
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = _DEFINITION.match(line)
        if match:
            yield number, match[0].rstrip(" {")


def _python_definitions(body: Sequence[ast.stmt], indent: str) -> Iterator[tuple[int, str]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, f"{indent}def {node.name}({_parameters(node.args)})"
        elif isinstance(node, ast.ClassDef):
            bases = ", ".join(map(ast.unparse, node.bases))
            yield node.lineno, f"{indent}class {node.name}{f'({bases})' if bases else ''}"
            yield from _python_definitions(node.body, f"{indent}  ")


def _parameters(arguments: ast.arguments) -> str:
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    if arguments.vararg:
        names.append(f"*{arguments.vararg.arg}")
    elif arguments.kwonlyargs:
        names.append("*")
    names += [argument.arg for argument in arguments.kwonlyargs]
    if arguments.kwarg:
        names.append(f"**{arguments.kwarg.arg}")
    return ", ".join(names)
