"""The consoles that commands print on, and how prose is wrapped on them."""

import codecs
import os
import sys
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

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


def say(console: Console, words: str | Text, style: str = "", *, indent: int | None = None) -> None:
    """Print prose, wrapped between words on a terminal and unchanged elsewhere.

    Continuation lines of a paragraph are indented by `indent`, by default like the first line.
    """
    text = words if isinstance(words, Text) else Text(words, style=style)
    if not console.is_terminal:
        console.print(text, soft_wrap=True)
        return
    for line in text.split("\n", allow_blank=True):
        console.print(_wrapped(line, console, indent), soft_wrap=True)


def _wrapped(line: Text, console: Console, indent: int | None) -> Text:
    """Break a line between words so that it fits the console."""
    start = len(line.plain) - len(line.plain.lstrip())
    margin = start if indent is None else min(indent, len(line.plain))
    if cell_len(line.plain) <= console.width or margin >= console.width // 2:
        return line
    head, body = line[:margin], line[margin:]
    rows = body.wrap(console, console.width - margin, overflow="fold")
    for row in rows:
        row.rstrip()
    return Text("\n").join(
        (head if number == 0 else Text(" " * margin)) + row for number, row in enumerate(rows)
    )


def is_live(console: Console) -> bool:
    """Whether a console can redraw its output."""
    return console.is_terminal and not console.is_dumb_terminal and console.size.height > 4


def speak_plainly(stream: TextIO | None) -> None:
    """Make a stream replace characters that it cannot encode by plain ones, or by their code."""
    codecs.register_error(_HANDLER, _plain)
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(errors=_HANDLER)


class _Console(Console):
    """A console that survives a closed pipe: rich would exit with 1, which means refuted."""

    def on_broken_pipe(self) -> None:
        """Discard further output and carry on."""
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
