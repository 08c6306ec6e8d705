"""Components of a graph by name, including texts with arguments such as `stalled(2)`."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from refinegraph.graphs.expressions import evaluate
from refinegraph.values import UnfitValue, Value, nearest


class Parameter(NamedTuple):
    """One parameter of a part."""

    name: str
    value: Value
    required: bool = False
    positional: bool = False


class Part(NamedTuple):
    """A component that can be selected by name."""

    name: str
    target: str
    """The class as `module:Class`, relative to this package."""
    summary: str
    parameters: tuple[Parameter, ...] = ()

    @property
    def usage(self) -> str:
        """The notation of the part, such as `rounds(LIMIT)`."""
        if not any(parameter.required for parameter in self.parameters):
            return self.name
        words = (parameter.name.upper() for parameter in self.parameters if parameter.required)
        return f"{self.name}({', '.join(words)})"


class Named(Value):
    """A part given by name, or a callable object."""

    def __init__(self, noun: str, parts: Sequence[Part], metavar: str = "NAME") -> None:
        super().__init__(metavar)
        self.noun = noun
        self.parts = parts
        self.suggestions = [part.name for part in parts]

    def check(self, value: Any) -> Any:
        """Return a callable unchanged, or the text if it names a part."""
        if callable(value):
            return value
        if not isinstance(value, str):
            raise UnfitValue(f"is neither the name of a {self.noun} nor a function")
        _check(value, self.noun, self.parts)
        return value.strip()

    def build(self, value: Any) -> Any:
        """Return the object that a text denotes; return other objects unchanged."""
        return build(value, self.noun, self.parts) if isinstance(value, str) else value


def build(text: str, noun: str, parts: Sequence[Part], *, combines: bool = False) -> Any:
    """Return the object that an expression of parts denotes."""

    def make(name: str, arguments: Sequence[float], keywords: Mapping[str, float]) -> Any:
        part, positional, keyword = _bound(name, arguments, keywords, noun, parts)
        return target(part.target)(*positional, **keyword)

    return evaluate(text, make, combines=combines)


def _check(text: str, noun: str, parts: Sequence[Part]) -> None:
    """Check names and arguments without importing the parts."""

    def check(name: str, arguments: Sequence[float], keywords: Mapping[str, float]) -> None:
        _bound(name, arguments, keywords, noun, parts)

    evaluate(text, check, combines=False)


def _bound(
    name: str,
    arguments: Sequence[float],
    keywords: Mapping[str, float],
    noun: str,
    parts: Sequence[Part],
) -> tuple[Part, list[Any], dict[str, Any]]:
    """Return the part with a name and its checked arguments."""
    by_name = {part.name.replace("-", "_"): part for part in parts}
    part = by_name.get(name)
    if part is None:
        names = [part.name for part in parts]
        hint = nearest(name.replace("_", "-"), names) or nearest(name, names)
        raise UnfitValue(f"names no {noun}: {name!r}{hint}; known: {', '.join(names)}")
    parameters = [parameter for parameter in part.parameters if parameter.positional]
    if len(arguments) > len(parameters):
        raise UnfitValue(f"gives {part.name} {len(arguments)} values; write {part.usage}")
    positional = [
        _argument(part, parameter.name, value)
        for parameter, value in zip(parameters, arguments, strict=False)
    ]
    keyword = {key: _argument(part, key, value) for key, value in keywords.items()}
    missing = [
        parameter.name for parameter in part.parameters[len(positional) :] if parameter.required
    ]
    if any(key not in keyword for key in missing):
        raise UnfitValue(f"lacks a value; write {part.usage}")
    twice = {parameter.name for parameter in parameters[: len(positional)]} & set(keyword)
    if twice:
        raise UnfitValue(f"gives {part.name} its {twice.pop()} twice")
    return part, positional, keyword


def _argument(part: Part, name: str, value: float) -> Any:
    parameter = next((parameter for parameter in part.parameters if parameter.name == name), None)
    if parameter is None:
        names = ", ".join(parameter.name for parameter in part.parameters) or "none"
        raise UnfitValue(f"gives {part.name} an unknown {name!r}; known: {names}")
    try:
        return parameter.value.check(value)
    except UnfitValue as error:
        raise UnfitValue(f"gives {part.name} {name}={value!r}, which {error}") from None


def target(name: str) -> Any:
    """Import and return the object at `module:name`, relative to this package."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(f"refinegraph.{module}"), attribute)
