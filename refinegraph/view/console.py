"""The consoles that commands print on."""

import os

from rich.console import Console


def output_console() -> Console:
    """Return a console on standard output."""
    return _console(stderr=False)


def error_console() -> Console:
    """Return a console on standard error."""
    return _console(stderr=True)


def is_live(console: Console) -> bool:
    """Whether a console can redraw what it shows."""
    return console.is_terminal and not console.is_dumb_terminal


def _console(*, stderr: bool) -> Console:
    dumb = os.environ.get("TERM") == "dumb"
    return Console(stderr=stderr, highlight=False, no_color=True if dumb else None)
