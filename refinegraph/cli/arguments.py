"""Every command with its group, summary, flags and examples."""

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple, TypeVar

from refinegraph import __version__
from refinegraph.cli.help_texts import command_epilog, overview, paragraph, usage_of


class Entry(NamedTuple):
    """One command of the command line."""

    group: str
    """The heading under which the help lists it."""
    summary: str
    flags: str
    """The module with its flags, imported only for the command that is called."""
    module: str = ""
    """The module of `refinegraph.cli` that implements the command, if it has another name."""


_SOLVE, _MEASURE, _KEPT = "solve problems", "measure", "kept runs"
_SERVE, _LOOK = "serve other programs", "look things up"
_ENTRIES = {
    "solve": Entry(_SOLVE, "solve one problem", "solve_arguments"),
    "fix": Entry(_SOLVE, "repair a checkout whose tests fail", "solve_arguments"),
    "batch": Entry(_SOLVE, "solve many problems from a file", "batch_arguments"),
    "demo": Entry(
        _SOLVE, "watch bundled tasks being solved, then type your own", "solve_arguments"
    ),
    "eval": Entry(
        _MEASURE, "compare strategies on a dataset with known answers", "evaluation_arguments"
    ),
    "compare": Entry(_MEASURE, "compare result folders of eval", "evaluation_arguments"),
    "metrics": Entry(
        _MEASURE, "compute the metrics of papers from results", "evaluation_arguments"
    ),
    "merge": Entry(_MEASURE, "join the results of shards", "batch_arguments"),
    "export": Entry(_MEASURE, "write training data from result folders", "evaluation_arguments"),
    "runs": Entry(_KEPT, "list and search the kept runs", "lookup_arguments"),
    "show": Entry(_KEPT, "print a kept run in words", "lookup_arguments", "runs"),
    "view": Entry(_KEPT, "write a kept run as an HTML page", "lookup_arguments", "runs"),
    "resume": Entry(_KEPT, "continue an interrupted run", "solve_arguments"),
    "rm": Entry(_KEPT, "delete a kept run", "lookup_arguments", "runs"),
    "serve": Entry(_SERVE, "serve models over OpenAI's protocol", "server_arguments"),
    "mcp": Entry(
        _SERVE, "offer tools to coding agents (Model Context Protocol)", "server_arguments"
    ),
    "models": Entry(_LOOK, "list the models that can be reached", "lookup_arguments"),
    "strategies": Entry(_LOOK, "list strategies and published systems", "lookup_arguments"),
    "graph": Entry(_LOOK, "draw the graph of a strategy", "lookup_arguments"),
    "config": Entry(_LOOK, "show the settings and their sources; trust a file", "lookup_arguments"),
    "cache": Entry(_LOOK, "inspect or clear the cache of model answers", "lookup_arguments"),
    "doctor": Entry(
        _LOOK, "check models, sandbox and checkouts on this machine", "lookup_arguments"
    ),
    "completion": Entry(_LOOK, "print a completion script for your shell", "lookup_arguments"),
}

COMMANDS = tuple(_ENTRIES)
"""The names of the commands."""

MODULES = {name: f"refinegraph.cli.{entry.module or name}" for name, entry in _ENTRIES.items()}
"""The module of each command, imported when the command is called."""


AnyParser = TypeVar("AnyParser", bound=argparse.ArgumentParser)
Prepare = Callable[[argparse.ArgumentParser, str], None]
"""Changes the parser of one command before it is used."""


def make_parser(
    kind: type[AnyParser], *, only: str | None = None, prepare: Prepare | None = None
) -> AnyParser:
    """Return the parser of the whole command line.

    With `only`, it knows no other command, which saves the time to build their parsers.

    Args:
        kind: The class of all parsers.
        only: The command that the arguments name; any other text for none.
        prepare: Called with the parser of each command.
    """
    parser = kind(
        prog="refinegraph",
        usage="refinegraph COMMAND [OPTIONS]",
        description=paragraph(
            "Solve problems with any language model: propose, review, refine, prove."
        ),
        epilog=overview([(name, *entry[:2]) for name, entry in _ENTRIES.items()]),
        allow_abbrev=False,
    )
    version = f"refinegraph {__version__}"
    parser.add_argument("-V", "--version", action="version", version=version)
    commands = parser.add_subparsers(
        dest="command",
        metavar="COMMAND",
        prog="refinegraph",
        parser_class=kind,
        help=argparse.SUPPRESS,
    )
    for name, entry in _ENTRIES.items():
        if only not in (None, name):
            continue
        summary = f"{entry.summary[0].upper()}{entry.summary[1:]}."
        command = commands.add_parser(name, description=paragraph(summary), allow_abbrev=False)
        _add_flags(name, command)
        command.usage = usage_of(command)
        command.epilog = command_epilog(name)
        if prepare:
            prepare(command, name)
    return parser


def flags_of(name: str) -> list[str]:
    """Return the flags of a command, or those of every command for any other name."""
    flags: list[str] = []
    for known in [name] if name in _ENTRIES else COMMANDS:
        command = argparse.ArgumentParser()
        _add_flags(known, command)
        flags += [flag for action in command._actions for flag in action.option_strings]
    return flags


def _add_flags(name: str, command: argparse.ArgumentParser) -> None:
    """Add the flags of a command, by the function `add_NAME` of its module."""
    module = import_module(f"refinegraph.cli.{_ENTRIES[name].flags}")
    add: Callable[[argparse.ArgumentParser], None] = getattr(module, f"add_{name}")
    add(command)
