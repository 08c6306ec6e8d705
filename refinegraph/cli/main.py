"""Read the arguments, run the command, and turn every error into a sentence and an exit code."""

import argparse
import difflib
import os
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from types import FrameType
from typing import NoReturn

from refinegraph.cli.arguments import COMMANDS, make_parser

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run `refinegraph` with these arguments and return its exit code.

    0 finished and not refuted, 1 refuted by visible tests, 2 bad input, 3 model trouble, 4 no
    sandbox at the asked tier, 130 interrupted.
    """
    from refinegraph.errors import RefinegraphError

    parser = make_parser(_Parser)
    options = parser.parse_args(argv)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        with _ending_well_on_sigterm():
            code: int = import_module(f"refinegraph.cli.{options.command}").run(options)
            _flush()
    except RefinegraphError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _leave_at_once_next_time()
        _say("interrupted.")
        return INTERRUPTED
    return code


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence with the nearest name."""

    def error(self, message: str) -> NoReturn:
        _say(f"{message}{_nearest(message)}; see `{self.prog} --help`.")
        sys.exit(2)


def _nearest(message: str) -> str:
    word = ""
    if "unrecognized arguments: " in message:
        word = message.partition("unrecognized arguments: ")[2].split()[0]
    elif "invalid choice: " in message:
        word = message.partition("invalid choice: ")[2].split("'")[1]
    flags = [flag for flags in COMMANDS.values() for flag in flags]
    near = difflib.get_close_matches(word.partition("=")[0], [*COMMANDS, *flags], n=1)
    return f" (did you mean {near[0]}?)" if near and near[0] != word else ""


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


def _leave_at_once_next_time() -> None:
    """Spare the user a traceback where an interrupt comes while the interpreter ends."""

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        os._exit(INTERRUPTED)

    with suppress(ValueError):
        signal.signal(signal.SIGINT, leave)
