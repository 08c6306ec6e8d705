"""Flags for the options declared in `refinegraph.options`, and how argparse reads a flag's text."""

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from refinegraph.cli.completers import Completer

if TYPE_CHECKING:
    from refinegraph.options.option_set import Group, Option, OptionSet
    from refinegraph.values import Value

_HEADINGS: "dict[Group, str]" = {
    "strategy": "how to solve",
    "models": "models",
    "limits": "limits",
    "parts": "parts that replace the strategy's own",
    "records": "memory and cached answers",
    "output": "output",
}
_EXCLUSIVE = ("cache", "replay")
"""Options of which a run takes one."""


class _TakesFlags(Protocol):
    """A parser, or a group of its flags."""

    def add_argument(self, *flags: str, **settings: Any) -> argparse.Action: ...


class _Group(_TakesFlags, Protocol):
    """A group of flags, of which some may exclude one another."""

    def add_mutually_exclusive_group(self) -> _TakesFlags: ...


def reading(value: "Value") -> Callable[[str], Any]:
    """Return the function with which argparse reads a flag's text."""
    from refinegraph.values import UnfitValue

    def read(text: str) -> Any:
        try:
            return value.read(text)
        except UnfitValue as error:
            raise argparse.ArgumentTypeError(f"{text!r} {error}") from None

    return read


def number(**bounds: Any) -> Callable[[str], Any]:
    """Return the function with which argparse reads a number within bounds."""
    from refinegraph.values import Number

    return reading(Number(**bounds))


def set_completer(action: argparse.Action, source: str | Sequence[str]) -> None:
    """Let the shell complete an argument: from a named source, or with one of some words."""
    action.completer = Completer(source)  # type: ignore[attr-defined]


def add_json(command: argparse.ArgumentParser, help: str = "print one JSON object") -> None:
    """Add the flag `--json` to a command that has no declared options for its output."""
    command.add_argument("--json", action="store_true", help=help)


def add_options(command: argparse.ArgumentParser, name: str) -> None:
    """Add a command's flags for the declared options, grouped under headings."""
    from refinegraph.options import CommandOptions, RunOptions

    declaring: tuple[type[OptionSet], ...] = (RunOptions, CommandOptions)
    options = {
        option_name: option
        for options in declaring
        for option_name, option in options.declared.items()
        if name in option.commands.split()
    }
    for group, heading in _HEADINGS.items():
        chosen = {key: option for key, option in options.items() if option.group == group}
        if chosen:
            _add_flags(command.add_argument_group(heading), chosen)


def _add_flags(group: _Group, options: "dict[str, Option]") -> None:
    exclusive = group.add_mutually_exclusive_group()
    for name, option in options.items():
        _add_flag(exclusive if name in _EXCLUSIVE else group, name, option)


def _add_flag(parser: _TakesFlags, name: str, option: "Option") -> None:
    from refinegraph.options import flag_of

    value, words = option.value, option.help.replace("%", "%%")
    settings: dict[str, Any] = {"type": reading(value), "metavar": value.metavar}
    if value.is_flag:
        settings = {"action": "store_const", "const": True}
    elif name == "cache":  # without a file, the user's own
        settings = {"nargs": "?", "const": "", "metavar": value.metavar}
    flags = filter(None, (option.short, flag_of(name)))
    action = parser.add_argument(*flags, help=words, **settings)
    source = _source(name, value)
    if source:
        set_completer(action, source)


def _source(name: str, value: "Value") -> str | Sequence[str]:
    """Return what the shell completes an option from; empty for files and free text."""
    if name == "strategy":
        return "strategies"
    if name == "model" or name.endswith("_model") or name == "fallback":
        return "models"
    return value.suggestions
