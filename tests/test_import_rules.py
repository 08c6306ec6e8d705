"""Import rules between packages; lazy imports and imports for type checkers count as well."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("support",),
    ("schema",),
    ("charging", "client_names", "retry_policy", "wording"),
    ("values", "telemetry"),
    ("tools",),
    ("agents.models",),
    ("agents.prompts",),
    ("agents",),
    ("graphs",),
    ("options", "datasets", "embedded", "testing"),
    ("runs",),
    ("fixing",),
    ("evaluation",),
    ("batches", "metrics", "rewards"),
    ("terminal", "html"),
    ("toolbox",),
    ("repl", "serving", "mcp", "plugins"),
    ("cli",),
    ("refinegraph", "__main__"),
)
"""The layers, lowest first. A package imports itself and packages of lower layers."""

EXCEPTIONS = {
    ("agents.models", "refinegraph"): "finds the weights that ship in the package's folder",
    ("cli", "refinegraph"): "prints the version",
    ("batches", "refinegraph"): "records the version",
    ("evaluation", "refinegraph"): "records the version",
    ("mcp", "refinegraph"): "tells the version",
    ("serving", "refinegraph"): "tells the version",
    ("values", "agents.models"): "a chat model that is an option is written by its name",
}
"""Allowed exceptions to the order, each with its reason."""


class Import(NamedTuple):
    """An import statement of the project's own modules."""

    importer: str
    imported: str
    line: int

    @property
    def rooms(self) -> tuple[str, str]:
        """The importing and the imported package."""
        return room_of(self.importer), room_of(self.imported)


def room_of(module: str) -> str:
    """Return the package of a module: its name under `refinegraph`, as deep as in `LAYERS`."""
    parts = module.split(".")[1:]
    rooms = {room for layer in LAYERS for room in layer}
    for depth in range(len(parts), 0, -1):
        if (room := ".".join(parts[:depth])) in rooms:
            return room
    return parts[0] if parts else "refinegraph"


@cache
def modules() -> dict[str, Path]:
    """Return the path of every module of the package."""
    found: dict[str, Path] = {}
    for base, name in (
        ("refinegraph", ""),
        ("agents", "agents"),
        ("graphs", "graphs"),
        ("tools", "tools"),
    ):
        for path in (ROOT / base).rglob("*.py"):
            parts = (
                "refinegraph",
                *filter(None, (name,)),
                *path.relative_to(ROOT / base).with_suffix("").parts,
            )
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports_of(module: str) -> Iterator[Import]:
    """Yield all imports of a module, at any nesting level."""
    for node in ast.walk(ast.parse(modules()[module].read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import in line {node.lineno}"
            source = str(node.module)
            names = [f"{source}.{alias.name}" for alias in node.names]
            names = [name if name in modules() else source for name in names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "refinegraph":
                yield Import(module, name, node.lineno)


@cache
def all_imports() -> tuple[Import, ...]:
    """Return every import of the project's own modules."""
    return tuple(found for module in modules() for found in imports_of(module))


def rank(room: str) -> int:
    """Return the layer of a package."""
    return next(number for number, layer in enumerate(LAYERS) if room in layer)


def test_every_module_has_a_room() -> None:
    rooms = {room for layer in LAYERS for room in layer}
    assert {room_of(module) for module in modules()} == rooms


@pytest.mark.parametrize("room", [room for layer in LAYERS for room in layer])
def test_a_package_imports_only_lower_layers(room: str) -> None:
    against = [
        f"{found.importer}:{found.line} imports {found.imported}"
        for found in all_imports()
        if found.rooms[0] == room != found.rooms[1]
        and rank(found.rooms[1]) >= rank(room)
        and found.rooms not in EXCEPTIONS
    ]
    assert not against


def test_every_exception_is_needed() -> None:
    used = {found.rooms for found in all_imports()}
    assert not [rooms for rooms in EXCEPTIONS if rooms not in used]


def test_every_exception_is_one() -> None:
    assert not [rooms for rooms in EXCEPTIONS if rank(rooms[1]) < rank(rooms[0])]


def test_modules_can_be_imported_one_after_the_other() -> None:
    """Raise `CycleError`, which names the modules, if two modules import each other."""
    before: dict[str, set[str]] = {module: set() for module in modules()}
    for module in before:
        tree = ast.parse(modules()[module].read_text())
        eager = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        lines = {node.lineno for node in eager}
        before[module] = {found.imported for found in imports_of(module) if found.line in lines} - {
            module
        }
    assert len(list(TopologicalSorter(before).static_order())) >= len(before)


def test_no_module_hides_a_name_that_its_package_exports() -> None:
    """Importing a module sets it as an attribute of its package, replacing an equal name.

    This does no harm if the package itself imports the name from that module, because that happens
    later.
    """
    hidden = [
        module
        for module in modules()
        if "." in module
        and (package := module.rpartition(".")[0]) in modules()
        and (name := module.rpartition(".")[2]) in _exports(modules()[package])
        and not _imports_from(modules()[package], module, name)
    ]
    assert not hidden


def _exports(path: Path) -> set[str]:
    """Return the names in the `__all__` of a file."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and "__all__" in map(ast.unparse, node.targets):
            return set(ast.literal_eval(node.value))
    return set()


def _imports_from(path: Path, module: str, name: str) -> bool:
    """Return whether a file imports a name from a module at import time."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == module
        and name in [alias.name for alias in node.names]
        for node in ast.parse(path.read_text()).body
    )
