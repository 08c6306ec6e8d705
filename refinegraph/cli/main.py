"""Read the arguments, run the command, and turn every error into a sentence and an exit code."""

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
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
        code: int = import_module(f"refinegraph.cli.{options.command}").run(options)
        sys.stdout.flush()
    except RefinegraphError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted.")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence with the nearest name."""

    def error(self, message: str) -> NoReturn:
        _say(f"{message}{_nearest(message)}; see `{self.prog} --help`.")
        sys.exit(2)


def _nearest(message: str) -> str:
    word = message.rpartition("unrecognized arguments: ")[2].split()[0] if ": " in message else ""
    if "invalid choice: " in message:
        word = message.split("invalid choice: ")[1].split("'")[1]
    flags = [flag for flags in COMMANDS.values() for flag in flags]
    near = difflib.get_close_matches(word.split("=")[0], [*COMMANDS, *flags], n=1)
    return f" (did you mean {near[0]}?)" if near and near[0] != word else ""


def _say(text: str) -> None:
    print(f"refinegraph: {text}", file=sys.stderr)
