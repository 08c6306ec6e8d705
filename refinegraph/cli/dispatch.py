"""Read the arguments, run the command, and turn every error into a sentence and an exit code."""

import argparse
import difflib
import gc
import signal
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

from refinegraph.cli.arguments import COMMANDS, MODULES, all_flags, make_parser
from refinegraph.cli.deferred_packages import defer_packages
from refinegraph.cli.streams import discard_output, flush_output
from refinegraph.cli.waiting import patiently, without_collection

_BAD_INPUT = 2


def dispatch(argv: Sequence[str] | None) -> int:
    """Run the command that the arguments name and return its exit code."""
    try:
        if argv is None:
            defer_packages()
        code = _dispatched(sys.argv[1:] if argv is None else argv)
        flush_output()
    except OSError as error:
        return _failed(error)
    except SystemExit as ended:
        # rich ends the process with 1, the code of a refuted answer, where nobody reads on.
        if isinstance(ended.__context__, BrokenPipeError):
            return _failed(ended.__context__)
        try:
            flush_output()
        except OSError as error:
            return _failed(error)
        raise
    return code


def _dispatched(words: Sequence[str]) -> int:
    """Run the command; say in a sentence what refinegraph raised on purpose."""
    from refinegraph.errors import RefinegraphError

    named = next((word for word in words if not word.startswith("-")), "")
    parser = make_parser(_Parser, only=named)
    try:
        options = parser.parse_args(words)
        if options.command is None:
            parser.print_help()
            return 0
        with _ending_well_on_sigterm():
            command = patiently(
                partial(_imported, MODULES[options.command]),
                "loading refinegraph",
                quiet=getattr(options, "quiet", False),
            )
            code: int = command.run(options)
            return code
    except RefinegraphError as error:
        _say(str(error))
        return error.exit_code


def _imported(module: str) -> Any:
    with without_collection():
        return import_module(module)


def _failed(error: OSError) -> int:
    """Return the exit code for an error of the system: 0 where nobody reads on, else 2."""
    discard_output()
    if isinstance(error, BrokenPipeError):
        return 0
    name = f"{error.filename!r}" if error.filename else "standard output or a file"
    _say(f"{name} cannot be used: {error.strerror or error}.")
    return _BAD_INPUT


def leave(code: int) -> int:
    """Return the code, with the interpreter's last collection of garbage, most of a second, off."""
    gc.freeze()
    return code


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence with the nearest name."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**settings)

    def print_help(self, file: Any = None) -> None:
        """Print the help; unlike argparse, raise `OSError` where it cannot be written."""
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        """Print the sentence and end with exit code 2."""
        _say(f"{_in_words(message)}; see `{self.prog} --help`.")
        sys.exit(_BAD_INPUT)


def _in_words(message: str) -> str:
    """Add the nearest name to what argparse says of a command or a flag that is not known."""
    unknown = message.partition("unrecognized arguments: ")[2]
    if unknown:
        return f"unknown argument {unknown!r}{_nearest(unknown.split()[0], all_flags())}"
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
