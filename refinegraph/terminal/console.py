"""The consoles that commands print on."""

import codecs
import os
import sys
from typing import TextIO

from rich.console import Console

_PLAIN = {
    "✓": "+",
    "✗": "x",
    "↺": "~",
    "·": "-",
    "…": "...",
    "└": "\\",
    "│": "|",
    "─": "-",
    "┼": "|",
    "├": "|",
    "┴┬": "+",
    "╮": "+",
    "╯": "+",
    "┤": "+",
    "◄": "<",
    "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏": "*",
}
_HANDLER = "refinegraph.plain"


def output_console() -> Console:
    """Return a console on standard output."""
    return _console(sys.stdout, stderr=False)


def error_console() -> Console:
    """Return a console on standard error."""
    return _console(sys.stderr, stderr=True)


def is_live(console: Console) -> bool:
    """Whether a console can redraw what it shows."""
    return console.is_terminal and not console.is_dumb_terminal and console.size.height > 4


def speak_plainly(stream: TextIO | None) -> None:
    """Let a stream that cannot show a sign show a plain one, or its code, instead of failing."""
    codecs.register_error(_HANDLER, _plain)
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(errors=_HANDLER)


class _Console(Console):
    """A console whose reader may leave: rich would end the process with 1, which means refuted."""

    def on_broken_pipe(self) -> None:
        """Print nothing more, and go on."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


def _console(stream: TextIO | None, *, stderr: bool) -> Console:
    speak_plainly(stream)
    dumb = os.environ.get("TERM") == "dumb"
    return _Console(stderr=stderr, highlight=False, markup=False, no_color=True if dumb else None)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    written = error.object[error.start : error.end]
    return "".join(map(_spell, written)), error.end


def _spell(sign: str) -> str:
    known = next((plain for signs, plain in _PLAIN.items() if sign in signs), None)
    return known or sign.encode("unicode_escape").decode("ascii")
