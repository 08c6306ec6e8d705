"""Flags that are declared in `refinegraph.options`, and how argparse reads any flag's text."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from refinegraph.options.option_set import Group, Option, OptionSet
    from refinegraph.values import Value

_HEADINGS: "dict[Group, str]" = {
    "strategy": "how to solve",
    "models": "models",
    "limits": "limits",
    "parts": "parts of the graph, in the place of the strategy's own",
    "records": "kept answers",
    "output": "output",
}


class _TakesFlags(Protocol):
    """A parser, or a group of its flags."""

    def add_argument(self, *flags: str, **settings: Any) -> Any: ...


def reading(value: "Value") -> Callable[[str], Any]:
    """Return what argparse reads a flag's text with."""
    from refinegraph.values import UnfitValue

    def read(text: str) -> Any:
        try:
            return value.read(text)
        except UnfitValue as error:
            raise argparse.ArgumentTypeError(f"{text!r} {error}") from None

    return read


def add_options(command: argparse.ArgumentParser, name: str) -> None:
    """Add the flags that a command has of the declared options, by headings."""
    from refinegraph.options import CommandOptions, RunOptions

    declaring: tuple[type[OptionSet], ...] = (RunOptions, CommandOptions)
    options = {
        option_name: option
        for each in declaring
        for option_name, option in each.declared.items()
        if name in option.commands.split()
    }
    for group, heading in _HEADINGS.items():
        chosen = {each: option for each, option in options.items() if option.group == group}
        if chosen:
            place = command.add_argument_group(heading)
            exclusive = "replay" in chosen
            _add_flags(place.add_mutually_exclusive_group() if exclusive else place, chosen)


def _add_flags(place: _TakesFlags, options: "dict[str, Option]") -> None:
    from refinegraph.options import flag_of

    for name, option in options.items():
        value, words = option.value, option.help.replace("%", "%%")
        settings: dict[str, Any] = {"type": reading(value), "metavar": value.metavar}
        if value.is_flag:
            settings = {"action": "store_const", "const": True}
        elif name == "cache":  # without a file, the user's own
            settings = {"nargs": "?", "const": "", "metavar": value.metavar}
        place.add_argument(flag_of(name), help=words, **settings)
