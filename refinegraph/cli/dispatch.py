"""Read the arguments, run the command, and turn every error into a sentence and an exit code."""

import argparse
import difflib
import gc
import os
import signal
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from types import FrameType
from typing import NoReturn

from refinegraph.cli.arguments import COMMANDS, MODULES, make_parser


def dispatch(argv: Sequence[str] | None) -> int:
    """Run the command that the arguments name and return its exit code."""
    from refinegraph.errors import RefinegraphError

    parser = make_parser(_Parser)
    options = parser.parse_args(argv)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        with _ending_well_on_sigterm():
            code: int = import_module(MODULES[options.command]).run(options)
            _flush()
    except RefinegraphError as error:
        _say(str(error))
        return error.exit_code
    except BrokenPipeError:
        _let_stdout_go()
        return 0
    return code


def leave(code: int) -> int:
    """Return the code, with the interpreter's last collection of garbage, most of a second, off."""
    gc.freeze()
    return code


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence with the nearest name."""

    def error(self, message: str) -> NoReturn:
        """Print the sentence and end with exit code 2."""
        _say(f"{_in_words(message)}; see `{self.prog} --help`.")
        sys.exit(2)


def _in_words(message: str) -> str:
    """Add the nearest name to what argparse says of a command or a flag that is not known."""
    unknown = message.partition("unrecognized arguments: ")[2]
    if unknown:
        flags = [flag for flags in COMMANDS.values() for flag in flags]
        return f"unknown argument {unknown!r}{_nearest(unknown.split()[0], flags)}"
    if "COMMAND: invalid choice: " in message:
        word = message.partition("invalid choice: ")[2].split("'")[1]
        known = ", ".join(COMMANDS)
        return f"unknown command {word!r}{_nearest(word, COMMANDS)}; known: {known}"
    return message.removeprefix("argument ")


def _nearest(word: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(word.partition("=")[0], list(names), n=1)
    return f" (did you mean {near[0]!r}?)" if near and near[0] != word else ""


def _say(text: str) -> None:
    with suppress(OSError):
        print(f"refinegraph: {_printable(text)}", file=sys.stderr, flush=True)


def _printable(text: str) -> str:
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def _flush() -> None:
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _let_stdout_go()


def _let_stdout_go() -> None:
    """Nobody reads on: let what is still to be printed, at exit too, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextmanager
def _ending_well_on_sigterm() -> Generator[None]:
    """Let what is open be closed, the terminal and the sandbox above all, when asked to end."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
