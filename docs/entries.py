"""Write the reference: one entry for every name in the `__all__` of the packages on a page."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs" / "reference").glob("*.md"))
MARK = re.compile(r"<!-- entries of ([\w.]+) -->")
"""The placeholder for the entries of a package on a page."""
_ENTRY = re.compile(r"^::: (\S+)\n(?:    options:\n      members: \[([^\]]*)\])?", re.MULTILINE)

_WRITTEN_OUT = "refinegraph.runs.solving"
"""The module of `solve` and `asolve`, whose signatures are derived from the options."""


class Export(NamedTuple):
    """A name in the `__all__` of a package, and the module that defines it."""

    package: str
    name: str
    module: str


def packages() -> Iterator[str]:
    """Yield the packages and modules that have an `__all__`."""
    for folder in ("", "agents", "graphs", "tools"):
        for path in sorted((ROOT / "refinegraph" / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            package = ".".join(parts).removesuffix(".__init__")
            if _names_of(package):
                yield package


@cache
def listed() -> tuple[str, ...]:
    """Return the packages with a placeholder on a page, in the order of the pages."""
    return tuple(name for page in PAGES for name in MARK.findall(page.read_text()))


@cache
def exports_of(package: str) -> tuple[Export, ...]:
    """Return the public names of a package."""
    return tuple(Export(package, name, _definition(package, name)) for name in _names_of(package))


def entries_of(package: str) -> str:
    """Return the entries of a package, except for names with an entry elsewhere."""
    modules: dict[str, list[str]] = {}
    for export in exports_of(package):
        if _owner(export) == package and not is_written(export):
            modules.setdefault(export.module, []).append(export.name)
    return "\n".join(
        f"::: {module}\n    options:\n      members: [{', '.join(names)}]\n"
        for module, names in modules.items()
    )


def _owner(export: Export) -> str:
    """Return the listed package that has the entry of a name: the one nearest to its definition."""
    exporting = [
        package
        for package in listed()
        if Export(package, export.name, export.module) in exports_of(package)
    ]
    parents = [package for package in exporting if f"{export.module}.".startswith(f"{package}.")]
    return max(parents, key=len) if parents else exporting[0]


def is_written(export: Export) -> bool:
    """Return whether a page contains an entry for a name without a placeholder."""
    if export.module == _WRITTEN_OUT:
        return True
    members = _written().get(export.module, frozenset[str]())
    return members is None or export.name in members


@cache
def _written() -> dict[str, frozenset[str] | None]:
    """Return the members of every module with its own entry on a page, or None for all members."""
    written: dict[str, frozenset[str] | None] = {}
    for page in PAGES:
        for module, members in _ENTRY.findall(page.read_text()):
            names = frozenset(part.strip() for part in members.split(",")) if members else None
            earlier = written.get(module, frozenset[str]())
            written[module] = None if names is None or earlier is None else earlier | names
    return written


def _definition(module: str, name: str) -> str:
    """Return the module that defines a name, following imports."""
    source = _sources(module).get(name)
    return module if source is None else _definition(*source)


@cache
def _sources(module: str) -> dict[str, tuple[str, str]]:
    """Return the module and the original name of everything imported from the package."""
    return {
        alias.asname or alias.name: (str(node.module), alias.name)
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("refinegraph")
        for alias in node.names
    }


@cache
def _names_of(module: str) -> tuple[str, ...]:
    if "__all__ = [" not in _text(module):
        return ()
    for node in _tree(module).body:
        if isinstance(node, ast.Assign) and "__all__" in map(ast.unparse, node.targets):
            return tuple(ast.literal_eval(node.value))
    return ()


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_text(module))


def _text(module: str) -> str:
    base = ROOT.joinpath(*module.split("."))
    path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    return path.read_text()
