"""Names of options as environment variables, flags and settings."""

from functools import cache
from typing import Any

from refinegraph.errors import InputError
from refinegraph.options.command_options import CommandOptions
from refinegraph.options.option_set import Option
from refinegraph.options.run_options import RunOptions
from refinegraph.values import UnfitValue, nearest


@cache
def settings() -> dict[str, Option]:
    """Return the options that the environment and files may set, by name."""
    every = {**RunOptions.declared, **CommandOptions.declared}
    return {name: option for name, option in every.items() if option.is_setting}


def variable_of(name: str) -> str:
    """Return the environment variable of a setting.

    >>> variable_of("api_base")
    'REFINEGRAPH_API_BASE'
    """
    return f"REFINEGRAPH_{name.upper()}"


def flag_of(name: str) -> str:
    """Return the flag of an option.

    >>> flag_of("api_base")
    '--api-base'
    """
    return f"--{name.replace('_', '-')}"


def read_option(name: str, text: str) -> Any:
    """Read an option's value from text, as on the command line; raises `InputError`.

    >>> read_option("samples", "4")
    4
    """
    option = RunOptions.declared.get(name)
    if option is None:
        known = list(RunOptions.declared)
        raise InputError(f"unknown option {name!r}{nearest(name, known)}.")
    try:
        return option.value.read(text)
    except UnfitValue as error:
        raise InputError(f"{name}: {text!r} {error}.") from None
