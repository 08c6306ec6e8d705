"""Defaults for the flags of one command, from its table in `refinegraph.toml`.

A table such as `[eval]` may set any flag of that command: `concurrency = 16`. What a flag, or the
variable of an option, says wins; a table wins over the same name at the top of the file. A file
that is not trusted may set what it may set at the top, and sizes and orders that only one command
has.
"""

import argparse
import os
import shlex
from collections.abc import Mapping
from typing import Any

from refinegraph.cli.parser import say_error
from refinegraph.errors import InputError
from refinegraph.options import variable_of
from refinegraph.options.command_options import CommandOptions
from refinegraph.options.config import SettingsFile, nearest_file
from refinegraph.options.option_set import Option, shown
from refinegraph.options.run_options import RunOptions
from refinegraph.values import UnfitValue, nearest
from refinegraph.values.plain import listed

_SAFE = frozenset(
    {
        *("limit", "concurrency", "workers_per_node", "candidates", "max_requests", "grace"),
        *("fail_under", "shuffle", "in_order", "reference_check"),
        *("numbers", "answer", "tour", "log_requests"),
    }
)
"""Flags of single commands that an untrusted file may set: sizes, orders and output formats. All
others may change files, delete stored data, spend more or open ports."""


def set_command_defaults(command: argparse.ArgumentParser, name: str, known: list[str]) -> None:
    """Let the nearest file's table for a command replace the defaults of its flags.

    Raises:
        InputError: The file has a table for no command, or a value that a flag cannot take.
    """
    file = nearest_file()
    if file is None:
        return
    unknown = next((table for table in file.tables if table not in known), None)
    if unknown is not None:
        raise InputError(
            f"{file.path} has a table [{unknown}] for no command{nearest(unknown, known)}; "
            "see `refinegraph --help`."
        )
    table = file.tables.get(name, {})
    actions = {action.dest: action for action in command._actions if action.option_strings}
    ignored = [key for key in table if not _may_set(file, key, table[key], actions, name)]
    if ignored:
        _say_ignored(file, name, ignored)
    for key in table:
        if key not in ignored and not os.environ.get(variable_of(key)):
            _set_default(actions[key], table[key], f"{file.path}: [{name}] {key}")


def _may_set(
    file: SettingsFile,
    key: str,
    value: Any,
    actions: Mapping[str, argparse.Action],
    table: str,
) -> bool:
    """Return whether a file may set a flag; raises `InputError` if there is no such flag."""
    if key not in actions or key == "help":
        known = sorted(actions.keys() - {"help"})
        hint = nearest(key, known)
        raise InputError(
            f"{file.path} has an unknown setting {key!r} in [{table}]{hint}; "
            f"see `refinegraph {table} --help`."
        )
    if file.is_trusted:
        return True
    option = _declared(key)
    if option is None:
        return key in _SAFE
    try:
        return option.is_safe(option.value.accept(value))
    except UnfitValue:
        return option.safe is True


def _declared(key: str) -> Option | None:
    return RunOptions.declared.get(key) or CommandOptions.declared.get(key)


def _set_default(action: argparse.Action, value: Any, where: str) -> None:
    """Make a value the default of a flag, read as if it had been typed."""
    action.required = False
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise InputError(f"{where} = {shown(value)} is neither true nor false.")
        action.default = value
        return
    parts = listed(value)
    text = str(value) if parts is None else ",".join(map(str, parts))
    if action.choices is not None and text not in action.choices:
        raise InputError(f"{where} = {shown(value)} is none of {', '.join(action.choices)}.")
    try:
        action.default = action.type(text) if callable(action.type) else text
    except argparse.ArgumentTypeError as error:
        raise InputError(f"{where} = {error}.") from None


def _say_ignored(file: SettingsFile, name: str, keys: list[str]) -> None:
    trust = f"refinegraph config trust {shlex.quote(str(file.path))}"
    say_error(
        f"ignoring {', '.join(keys)} in [{name}] of {file.path}, a file that you have not trusted; "
        f"to trust it: {trust}"
    )
