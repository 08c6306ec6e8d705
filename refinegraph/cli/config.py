"""`refinegraph config`: the settings with their sources, and which files are trusted."""

import argparse
import json
from pathlib import Path

from rich.table import Table
from rich.text import Text

from refinegraph.cli.files import print_exactly
from refinegraph.cli.showing import json_for
from refinegraph.errors import InputError
from refinegraph.options import settings, variable_of
from refinegraph.options.config import (
    EMBEDDED,
    FILE_NAME,
    Setting,
    SettingsFile,
    find_settings,
    home,
    nearest_file,
    own_folder,
    read_file,
)
from refinegraph.options.option_set import shown
from refinegraph.options.trust import trust, untrust
from refinegraph.terminal.console import output_console, say
from refinegraph.terminal.text import printable

_ALWAYS = ("model", "api_base", "home")
"""Settings that are listed even if nothing sets them."""
_ORDER = (
    "A flag wins over a variable, and a variable over the nearest refinegraph.toml. Every option "
    "can be set: REFINEGRAPH_NAME in the environment, or name in the file, where a table such as "
    "[eval] sets any flag of one command."
)


def run(options: argparse.Namespace) -> int:
    """Print the settings, or trust a settings file, or withdraw that trust."""
    if options.action is None:
        return _show_json() if options.json else _show()
    if options.path is None:
        raise InputError(
            f"`config {options.action}` needs the path of a file, such as ./{FILE_NAME}."
        )
    path = Path(options.path)
    return _trust(path) if options.action == "trust" else _untrust(path)


def _show() -> int:
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for heading in ("setting", "value", "from", "variable"):
        table.add_column(heading, overflow="fold")
    configured = find_settings(settings())
    for name in settings():
        if name in configured or name in _ALWAYS:
            table.add_row(*map(_text, _row(name, configured.get(name))))
    for row in _tables(nearest_file()):
        table.add_row(*map(_text, row))
    console = output_console()
    console.print(table)
    file = nearest_file()
    if file:
        say(console, f"\n{printable(_state(file), lines=True)}")
    say(console, f"\n{_ORDER}")
    return 0


def _show_json() -> int:
    """Print every setting that is set or has a default, as a list of objects."""
    configured = find_settings(settings())
    names = [name for name in settings() if name in configured or name in _ALWAYS]
    fields = ("setting", "value", "from", "variable")
    cells = [*(_row(name, configured.get(name)) for name in names), *_tables(nearest_file())]
    rows = [dict(zip(fields, row, strict=True)) for row in cells]
    print_exactly(json_for(json.dumps(rows, indent=2, ensure_ascii=False) + "\n"))
    return 0


def _tables(file: SettingsFile | None) -> list[tuple[str, str, str, str]]:
    """Return a row for each default that the file sets for one command."""
    if file is None:
        return []
    return [
        (f"{table}.{name}", shown(value).strip("'"), str(file.path), "-")
        for table, values in file.tables.items()
        for name, value in values.items()
    ]


def _row(name: str, setting: Setting | None) -> tuple[str, str, str, str]:
    if setting:
        return name, shown(setting.value).strip("'"), setting.source, variable_of(name)
    default = _home() if name == "home" else {"model": EMBEDDED}.get(name, "-")
    return name, default, "default", variable_of(name)


def _home() -> str:
    try:
        return str(home())
    except InputError:
        return "none: there is no home folder"


def _state(file: SettingsFile) -> str:
    """Report whether a file is trusted, and the effect."""
    if file.is_trusted:
        return f"{file.path}: trusted; undo with: refinegraph config untrust {file.path}"
    if not file.ignored:
        rest = "; a command that ignores flags of its table says so" if file.tables else ""
        return f"{file.path}: not trusted, and no option in it needs trust{rest}"
    names = ", ".join(file.ignored)
    return (
        f"{file.path}: not trusted, so these are ignored: {names}\n"
        f"read the file; if you trust it: refinegraph config trust {file.path}"
    )


def _trust(path: Path) -> int:
    file = read_file(path)
    trust(own_folder(), path, file.content)
    values = "".join(f"\n  {name} = {shown(file.values[name])}" for name in file.ignored)
    console = output_console()
    console.print(
        _text(f"trusted with its present content: {path.resolve()}{values}"), soft_wrap=True
    )
    return 0


def _untrust(path: Path) -> int:
    if not untrust(own_folder(), path):
        raise InputError(f"{str(path)!r} is not trusted; `refinegraph config` shows what is.")
    output_console().print(_text(f"no longer trusted: {path.resolve()}"), soft_wrap=True)
    return 0


def _text(text: str) -> Text:
    return Text(printable(text, lines=True))
