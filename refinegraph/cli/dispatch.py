"""Read the arguments, run the command, and turn every error into a sentence and an exit code."""

import gc
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

from refinegraph.cli.arguments import COMMANDS, MODULES, all_flags, make_parser
from refinegraph.cli.completion import complete_if_asked
from refinegraph.cli.deferred_packages import defer_packages
from refinegraph.cli.parser import BAD_INPUT, Parser, say_error
from refinegraph.cli.streams import discard_output, flush_output
from refinegraph.terminal.waiting import patiently, without_collection


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

    complete_if_asked(lambda: make_parser(Parser))
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
        say_error(str(error))
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
    say_error(f"{name} cannot be used: {error.strerror or error}.")
    return BAD_INPUT


def leave(code: int) -> int:
    """Return the code, with the interpreter's last collection of garbage, most of a second, off."""
    gc.freeze()
    return code


class _Parser(Parser):
    """The parser, with the names that its hints are taken from."""

    commands = COMMANDS

    @property
    def flags(self) -> Sequence[str]:  # type: ignore[override]
        """All flags of all commands."""
        return all_flags()


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
