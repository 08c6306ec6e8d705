"""How notebooks show values: rooms above the data say how, so that the data need not know them."""

from collections.abc import Callable
from typing import Any

_renderers: dict[str, Callable[[Any], str]] = {}


def register_html(class_name: str, render: Callable[[Any], str]) -> None:
    """Show values of a class by a function that returns HTML, from now on."""
    _renderers[class_name] = render


def html_of(value: object) -> str | None:
    """Return a value as HTML; None where nothing was registered, for a plain `repr`."""
    render = _renderers.get(type(value).__name__)
    return render(value) if render else None
