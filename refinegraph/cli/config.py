"""`refinegraph config`: the settings and where they come from; which files are trusted."""

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
from refinegraph.terminal.console import output_console
from refinegraph.terminal.text import printable

_ALWAYS = ("model", "api_base", "home")
"""Settings that are listed even where nothing sets them."""
_ORDER = (
    "A flag wins over a variable, a variable over the nearest refinegraph.toml. Every option of\n"
    "`solve` and `eval` can be set: REFINEGRAPH_NAME in the environment, name in the file."
)


def run(options: argparse.Namespace) -> int:
    """Print the settings, or trust a file of settings, or stop trusting it."""
    if options.action is None:
        return _show_json() if options.json else _show()
    if options.path is None:
        raise InputError(
            f"`config {options.action}` takes the path of a file, such as ./{FILE_NAME}."
        )
    path = Path(options.path)
    return _trust(path) if options.action == "trust" else _untrust(path)


def _show() -> int:
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for heading in ("setting", "value", "from", "variable"):
        table.add_column(heading, overflow="fold")
    found = find_settings(settings())
    for name in settings():
        if name in found or name in _ALWAYS:
            table.add_row(*map(_text, _row(name, found.get(name))))
    console = output_console()
    console.print(table)
    file = nearest_file()
    if file:
        console.print(_text(f"\n{_state(file)}"), soft_wrap=True)
    console.print(_text(f"\n{_ORDER}"), soft_wrap=True)
    return 0


def _show_json() -> int:
    """Print every setting that is set or has a default, as a list of objects."""
    found = find_settings(settings())
    names = [name for name in settings() if name in found or name in _ALWAYS]
    fields = ("setting", "value", "from", "variable")
    rows = [dict(zip(fields, _row(name, found.get(name)), strict=True)) for name in names]
    print_exactly(json_for(json.dumps(rows, indent=2, ensure_ascii=False) + "\n"))
    return 0


def _row(name: str, setting: Setting | None) -> tuple[str, str, str, str]:
    if setting:
        return name, shown(setting.value).strip("'"), setting.source, variable_of(name)
    default = _home() if name == "home" else {"model": EMBEDDED}.get(name, "-")
    return name, default, "default", variable_of(name)


def _home() -> str:
    try:
        return str(home())
    except InputError:
        return "none: this user has no home folder"


def _state(file: SettingsFile) -> str:
    """Say whether a file is trusted, and what follows."""
    if file.is_trusted:
        return f"{file.path}: trusted; undo with: refinegraph config untrust {file.path}"
    if not file.ignored:
        return f"{file.path}: not trusted, and it sets nothing that needs trust"
    names = ", ".join(file.ignored)
    return (
        f"{file.path}: not trusted, so these are ignored: {names}\n"
        f"look at the file; if it is yours: refinegraph config trust {file.path}"
    )


def _trust(path: Path) -> int:
    file = read_file(path)
    trust(own_folder(), path, file.content)
    values = "".join(f"\n  {name} = {shown(file.values[name])}" for name in file.ignored)
    console = output_console()
    console.print(_text(f"trusted as it is now: {path.resolve()}{values}"), soft_wrap=True)
    return 0


def _untrust(path: Path) -> int:
    if not untrust(own_folder(), path):
        raise InputError(f"{str(path)!r} is not trusted; `refinegraph config` shows what is.")
    output_console().print(_text(f"no longer trusted: {path.resolve()}"), soft_wrap=True)
    return 0


def _text(text: str) -> Text:
    return Text(printable(text, lines=True))
