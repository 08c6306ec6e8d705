"""An argument parser whose help fits the terminal and whose errors are one sentence."""

import argparse
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

BAD_INPUT = 2
"""The exit code for arguments that cannot be used."""
_WIDEST = 100
"""Columns of the help; longer lines are hard to read."""
_NARROWEST = 40
"""Below this width the help wraps as if the terminal had this many columns."""


def help_width() -> int:
    """Return how many columns the help may use."""
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Wraps help texts at spaces only, so that names such as `self-refine` stay whole."""

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(prog, max_help_position=28, width=help_width(), **settings)

    def _split_lines(self, text: str, width: int) -> list[str]:
        words = " ".join(text.split())
        return textwrap.wrap(words, width, break_on_hyphens=False, break_long_words=False)


class Parser(argparse.ArgumentParser):
    """A parser that answers a mistake with one sentence and the nearest name."""

    commands: Sequence[str] = ()
    """The names of the commands, for hints."""
    named = ""
    """The command that the arguments begin with, for the outer parser's hints."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", HelpFormatter)
        super().__init__(**settings)

    def print_help(self, file: Any = None) -> None:
        """Print the help; unlike argparse, raise `OSError` if it cannot be written."""
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        """Print the sentence and exit with code 2."""
        say_error(f"{self._in_words(message)}; see `{self._spoken_to()} --help`.")
        sys.exit(BAD_INPUT)

    def known_flags(self) -> Sequence[str]:
        """Return the flags that an unknown one may have been meant to be."""
        return ()

    def _spoken_to(self) -> str:
        """Return the command whose help explains the arguments.

        The outer parser reports the arguments that no parser knows, even after a command's name.
        """
        return f"{self.prog} {self.named}" if self.named in self.commands else self.prog

    def _in_words(self, message: str) -> str:
        """Put argparse's message about a missing, unknown or unfit argument in better words."""
        unknown = message.partition("unrecognized arguments: ")[2]
        if unknown:
            return f"unknown argument {unknown!r}{_nearest(unknown.split()[0], self.known_flags())}"
        if "COMMAND: invalid choice: " in message:
            word = message.partition("invalid choice: ")[2].split("'")[1]
            known = ", ".join(self.commands)
            return f"unknown command {word!r}{_nearest(word, self.commands)}; known: {known}"
        missing = message.partition("arguments are required: ")[2]
        if missing:
            return f"missing: {', '.join(map(self._with_choices, missing.split(', ')))}"
        return message.removeprefix("argument ")

    def _with_choices(self, name: str) -> str:
        """Return the name of an argument with the values that it takes, if they are few."""
        for action in self._actions:
            if name in (action.metavar, "/".join(action.option_strings)) and action.choices:
                return f"{name}, which is one of {', '.join(map(str, action.choices))}"
        return name


def say_error(text: str) -> None:
    """Print a sentence on standard error, with control characters escaped."""
    sentence = f"refinegraph: {_printable(text)}"
    with suppress(OSError, ValueError):
        if sys.stderr.isatty():
            sentence = _fill(sentence, shutil.get_terminal_size().columns)
        print(sentence, file=sys.stderr, flush=True)


def _fill(text: str, width: int) -> str:
    """Break a sentence between words."""
    return textwrap.fill(text, max(20, width), break_on_hyphens=False, break_long_words=False)


def _nearest(word: str, names: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(word.partition("=")[0], list(names), n=1)
    return f" (did you mean {near[0]!r}?)" if near and near[0] != word else ""


def _printable(text: str) -> str:
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )
