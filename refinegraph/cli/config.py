"""`refinegraph config`: every setting, its value, and where that comes from."""

import argparse

from rich.table import Table

from refinegraph.config import EMBEDDED, FILE_NAME, all_settings, home, variable_of
from refinegraph.view.console import output_console

_ORDER = f"\nA flag wins over a variable, a variable over the nearest {FILE_NAME}."


def run(options: argparse.Namespace) -> int:
    """Print the settings; a key is never one of them."""
    from refinegraph.agents.models.redaction import without_credentials

    defaults = {"model": EMBEDDED, "home": str(home())}
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for heading in ("setting", "value", "from", "variable"):
        table.add_column(heading, overflow="fold")
    for name, found in all_settings():
        value = found.value if found else defaults.get(name, "-")
        shown = without_credentials(value) if "://" in value else value
        source = found.source if found else "default"
        table.add_row(name, shown, source, variable_of(name))
    console = output_console()
    console.print(table)
    console.print(_ORDER, soft_wrap=True)
    return 0
