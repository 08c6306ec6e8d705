"""What importers of graphs and tools rely on: names, parameters, defaults and limits, members."""

import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from docs.entries import exports_of, packages  # noqa: E402

MOST = 60
"""Characters of a default; a longer one is an object with definitions of its own."""
ROOMS = ("refinegraph.graphs", "refinegraph.tools")


def outcomes() -> Iterator[str]:
    """Yield a line for every public definition of the packages, in the order of the alphabet."""
    exported = {
        f"{export.module}.{export.name}": getattr(
            importlib.import_module(export.module), export.name
        )
        for package in packages()
        if package.startswith(ROOMS)
        for export in exports_of(package)
    }
    for name, value in sorted(exported.items()):
        yield from described(name, value)


def described(name: str, value: Any) -> Iterator[str]:
    """Yield the definition of a name, and those of the members of a class."""
    name = name.removeprefix("refinegraph.")
    if inspect.isclass(value):
        yield f"class {name}({parameters_of(value)})"
        for field, limits in limits_of(value):
            yield f"    {field}: {limits}"
        for member, what in sorted(vars(value).items()):
            if not member.startswith("_") or member in ("__call__", "__repr__"):
                yield from (f"    {line}" for line in member_lines(member, what))
    elif callable(value):
        yield f"{name}({parameters_of(value)})"
    elif isinstance(value, bool | int | float):
        yield f"{name} = {value!r}"


def limits_of(value: type[Any]) -> Iterator[tuple[str, str]]:
    """Yield the limited fields of a validated class, with the limits."""
    for name, field in getattr(value, "model_fields", {}).items():
        limits = [repr(limit) for limit in field.metadata if " at 0x" not in repr(limit)]
        if limits:
            yield name, ", ".join(limits)


def member_lines(name: str, value: Any) -> Iterator[str]:
    """Yield the definition of a member of a class."""
    kinds: dict[type[Any], str] = {
        classmethod: "class method ",
        staticmethod: "static method ",
        property: "property ",
    }
    if isinstance(value, property):
        yield f"property {name}"
    elif inspect.isfunction(value) or isinstance(value, classmethod | staticmethod):
        function = getattr(value, "__func__", value)
        yield f"{kinds.get(type(value), '')}{name}({parameters_of(function)})"
    elif isinstance(value, bool):
        yield f"{name} = {value!r}"


def parameters_of(value: Any) -> str:
    """Return the parameters with their defaults, as a caller writes them."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return "..."
    parameters = list(signature.parameters.values())
    kinds = [parameter.kind for parameter in parameters]
    shown = [one_parameter(parameter) for parameter in parameters]
    named = inspect.Parameter.KEYWORD_ONLY
    if named in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        shown.insert(kinds.index(named), "*")
    return ", ".join(shown)


def one_parameter(parameter: inspect.Parameter) -> str:
    """Return a parameter, with its default if that is a plain value."""
    stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(parameter.kind.name, "")
    if parameter.default is parameter.empty:
        return f"{stars}{parameter.name}"
    return f"{parameter.name}={plain(parameter.default)}"


def plain(value: object) -> str:
    """Return a default as it is written; the name of a function, the type of a long object."""
    if inspect.isfunction(value) or inspect.isclass(value):
        return value.__name__
    shown = repr(value)
    depends_on_machine = " at 0x" in shown or "/" in shown
    return f"{type(value).__name__}(...)" if depends_on_machine or len(shown) > MOST else shown
