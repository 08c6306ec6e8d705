"""HTML renderers for notebooks, registered by class name so that data models need no HTML code."""

from collections.abc import Callable
from typing import Any

_renderers: dict[str, Callable[[Any], str]] = {}


def register_html(class_name: str, render: Callable[[Any], str]) -> None:
    """Register a function that renders the values of a class as HTML."""
    _renderers[class_name] = render


def html_of(value: object) -> str | None:
    """Return a value as HTML, or None if no renderer is registered for its class."""
    render = _renderers.get(type(value).__name__)
    return render(value) if render else None
