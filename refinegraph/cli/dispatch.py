"""Parse the arguments, run the command, and turn errors into a sentence and an exit code."""

import gc
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

from refinegraph.cli.arguments import COMMANDS, MODULES, Prepare, flags_of, make_parser
from refinegraph.cli.completion import complete_if_asked
from refinegraph.cli.parser import BAD_INPUT, Parser, say_error
from refinegraph.cli.streams import discard_output, flush_output


def dispatch(argv: Sequence[str] | None) -> int:
    """Run the command named by the arguments and return its exit code."""
    try:
        is_process = argv is None
        code = _dispatched(sys.argv[1:] if argv is None else argv, defers=is_process)
        flush_output()
    except OSError as error:
        return _failed(error)
    except SystemExit as ended:
        # On a closed pipe rich exits with 1, which is the code of a refuted answer.
        if isinstance(ended.__context__, BrokenPipeError):
            return _failed(ended.__context__)
        try:
            flush_output()
        except OSError as error:
            return _failed(error)
        raise
    return code


def _dispatched(words: Sequence[str], *, defers: bool) -> int:
    """Run the command; print errors that refinegraph raised on purpose as one sentence.

    With `defers`, packages that no command needs in full are deferred (`deferred_packages`).
    """
    from refinegraph.errors import RefinegraphError

    complete_if_asked(lambda: make_parser(Parser))
    named = next((word for word in words if not word.startswith("-")), "")
    try:
        parser = make_parser(_Parser, only=named, prepare=_preparation(words))
        parser.named = named
        options = parser.parse_args(words)
        if options.command is None:
            parser.print_help()
            return 0
        from refinegraph.terminal.waiting import patiently

        with _orderly_sigterm(), _given_store(getattr(options, "store", None)):
            command = patiently(
                partial(_imported, MODULES[options.command], defers=defers),
                "loading refinegraph",
                quiet=getattr(options, "quiet", False),
            )
            code: int = command.run(options)
            return code
    except RefinegraphError as error:
        say_error(str(error))
        return error.exit_code


def _preparation(words: Sequence[str]) -> Prepare | None:
    """Return the function that reads defaults from a file; None for help, which needs no file."""
    if {"-h", "--help", "config", "completion"} & set(words):
        return None

    def prepare(command: ArgumentParser, name: str) -> None:
        from refinegraph.cli.command_defaults import set_command_defaults

        set_command_defaults(command, name, list(COMMANDS))

    return prepare


def _imported(module: str, *, defers: bool) -> Any:
    if defers:
        from refinegraph.cli.deferred_packages import defer_packages

        defer_packages()
    from refinegraph.terminal.waiting import without_collection

    with without_collection():
        return import_module(module)


def _failed(error: OSError) -> int:
    """Return the exit code for a system error: 0 for a closed pipe, else 2."""
    discard_output()
    if isinstance(error, BrokenPipeError):
        return 0
    name = f"{error.filename!r}" if error.filename else "standard output or a file"
    say_error(f"{name} cannot be used: {error.strerror or error}.")
    return BAD_INPUT


def leave(code: int) -> int:
    """Return the code, skipping the final garbage collection, which takes most of a second."""
    gc.freeze()
    return code


class _Parser(Parser):
    """The parser with the names for its hints."""

    commands = COMMANDS

    def known_flags(self) -> Sequence[str]:
        """Return the flags of the command that was named, or of all commands."""
        return flags_of(self.named)


@contextmanager
def _given_store(address: str | None) -> Generator[None]:
    """Use the store that the arguments name, wherever the command looks for one."""
    if address is None:
        yield
        return
    from refinegraph.options.config import given_settings

    with given_settings(store=address):
        yield


@contextmanager
def _orderly_sigterm() -> Generator[None]:
    """On SIGTERM, exit in an orderly way, so that terminal and sandbox are cleaned up."""

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
