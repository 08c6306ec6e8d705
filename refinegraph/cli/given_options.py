"""Options of a run and of a command from arguments, environment and settings file."""

import argparse
from dataclasses import replace
from typing import Any

from refinegraph.options import CommandOptions, RunOptions
from refinegraph.options.config import configured, default_model, find_settings
from refinegraph.options.option_set import OptionSet


def run_options(arguments: argparse.Namespace) -> RunOptions:
    """Return the options of a run, with the default model if none is named."""
    options = RunOptions(**configured(_given(arguments, RunOptions)))
    if options.model is None and options.solver_model is None:
        return replace(options, model=default_model())
    return options


def command_options(arguments: argparse.Namespace) -> CommandOptions:
    """Return the options for the output and the storage of a command."""
    given = _given(arguments, CommandOptions)
    settable = (name for name, option in CommandOptions.declared.items() if option.is_setting)
    missing = [name for name in settable if name not in given and name != "home"]
    configured_values = find_settings(missing)
    return CommandOptions(
        **{name: setting.value for name, setting in configured_values.items()}, **given
    )


def _given(arguments: argparse.Namespace, declaring: type[OptionSet]) -> dict[str, Any]:
    values = ((name, getattr(arguments, name, None)) for name in declaring.declared)
    return {name: value for name, value in values if value is not None}
