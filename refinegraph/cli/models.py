"""`refinegraph models`: the models that can be reached from here."""

import argparse
import importlib.util
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from refinegraph.cli.files import print_exactly
from refinegraph.options.config import EMBEDDED, find_setting
from refinegraph.options.discovery import LOCAL_SERVERS, LocalServer, ask_models, providers_set_up
from refinegraph.terminal.console import error_console, output_console, say
from refinegraph.terminal.tables import Column, table_lines
from refinegraph.terminal.text import printable
from refinegraph.values import without_credentials

_COLUMNS = (Column("model"), Column("from"), Column("note", free=True))


class Reachable(NamedTuple):
    """A model, or the models of one provider, and how to reach it."""

    model: str
    """What to pass as `--model`; `NAME` stands for a name that the provider documents."""
    origin: str
    note: str = ""
    api_base: str | None = None
    """The value for `--api-base`, if one is needed."""
    reachable: bool = True


def run(options: argparse.Namespace) -> int:
    """List the models: the package's own, those of servers that answer, those a key opens."""
    models = [_own(), *_of_base(options.api_base), *_of_servers(), *_of_providers()]
    if options.json:
        print_exactly(json.dumps([model._asdict() for model in models], indent=2) + "\n")
        return 0
    console = output_console()
    rows = [(model.model, printable(model.origin), _note(model)) for model in models]
    for line in table_lines(_COLUMNS, rows, width=console.width):
        console.print(line, soft_wrap=True)
    if len(models) == 1:
        say(error_console(), _nothing_else(), "dim")
    return 0


def _nothing_else() -> str:
    """Return where other models were looked for, and how to name one."""
    servers = ", ".join(server.name for server in LOCAL_SERVERS)
    return (
        f"\nNothing else was found: no server answered ({servers}), and no provider's key is set. "
        "--api-base URL asks another server; local/PATH.gguf is a model in a file."
    )


def _note(model: Reachable) -> str:
    base = f"--api-base {model.api_base}" if model.api_base else ""
    return printable("; ".join(filter(None, (base, model.note))))


def _own() -> Reachable:
    """Return the package's own model, which needs an extra."""
    if importlib.util.find_spec("xllamacpp") is None:
        note = "pip install 'refinegraph[local]'"
        return Reachable(EMBEDDED, "this package", note, reachable=False)
    return Reachable(EMBEDDED, "this package", "tiny: short functions over simple values")


def _of_base(given: str | None) -> list[Reachable]:
    """Return the models of the server that the arguments or the settings name."""
    setting = find_setting("api_base") if given is None else None
    base, origin = (setting.value, setting.source) if setting else (given, "--api-base")
    if not base:
        return []
    shown = without_credentials(base)
    answer = ask_models(base, key=os.environ.get("OPENAI_API_KEY", ""))
    if answer.problem:
        return [Reachable("openai/NAME", origin, f"not reached: {answer.problem}", shown, False)]
    names = answer.models or ("NAME",)
    return [Reachable(f"openai/{name}", origin, api_base=shown) for name in names]


def _of_servers() -> list[Reachable]:
    """Return the models of the servers that answer at their default addresses, asked at once."""
    with ThreadPoolExecutor(len(LOCAL_SERVERS)) as pool:
        answers = pool.map(ask_models, (server.url for server in LOCAL_SERVERS))
    return [
        _on(server, name)
        for server, answer in zip(LOCAL_SERVERS, answers, strict=True)
        if answer.problem is None
        for name in answer.models or ("NAME",)
    ]


def _on(server: LocalServer, name: str) -> Reachable:
    base = server.url if server.needs_base else None
    return Reachable(f"{server.prefix}{name}", server.name, api_base=base)


def _of_providers() -> list[Reachable]:
    return [
        Reachable(f"{provider.prefix}NAME", f"{provider.variable} is set")
        for provider in providers_set_up()
    ]
