"""Register how data models are displayed, so that the models need not import the displays."""

from collections.abc import Callable
from typing import Any

_renderers: dict[str, Callable[[Any], str]] = {}
_writers: dict[str, Callable[[Any], str]] = {}


def register_html(class_name: str, render: Callable[[Any], str]) -> None:
    """Register a function that renders the values of a class as HTML."""
    _renderers[class_name] = render


def register_text(class_name: str, write: Callable[[Any], str]) -> None:
    """Register a function that `str` uses for the values of a class."""
    _writers[class_name] = write


def text_of(value: object) -> str | None:
    """Return a value as readable text, or None if no function is registered for its class."""
    write = _writers.get(type(value).__name__)
    return write(value) if write else None


def html_of(value: object) -> str | None:
    """Return a value as HTML, or None if no renderer is registered for its class."""
    render = _renderers.get(type(value).__name__)
    return render(value) if render else None
