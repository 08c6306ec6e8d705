"""Lines that say, before a run begins, where its model and its server come from."""

import argparse
import os
from pathlib import Path

from rich.text import Text

from refinegraph.options import RunOptions
from refinegraph.options.config import EMBEDDED, Setting, find_setting
from refinegraph.terminal.text import printable
from refinegraph.terminal.transcript import Line
from refinegraph.values import without_credentials

EMBEDDED_NOTE = "embedded, tiny and offline; another: --model or REFINEGRAPH_MODEL"


def origin_lines(arguments: argparse.Namespace, options: RunOptions) -> list[Line]:
    """Return lines that name the server and the model if the arguments do not.

    A provider's own server needs no line, nor does a model from a variable.
    """
    lines: list[Line] = []
    server = server_of(options) if getattr(arguments, "api_base", None) is None else None
    if server:
        lines.append(origin_line("server", server))
    model = find_setting("model")
    named = arguments.model or arguments.solver_model
    if not (named or model) and options.model == EMBEDDED:
        lines.append(Line("model", Text(EMBEDDED_NOTE)))
    elif model and not named and Path(model.source).is_file():
        lines.append(origin_line("model", model))
    return lines


def server_of(options: RunOptions, *, source: str = "the run's record") -> Setting | None:
    """Return the address of a server other than the provider's own, and its source."""
    if options.api_base is None:
        name = "OPENAI_BASE_URL" if os.environ.get("OPENAI_BASE_URL") else "OPENAI_API_BASE"
        model = options.solver_model or options.model
        is_openai = isinstance(model, str) and model.startswith("openai/")
        address = os.environ.get(name) if is_openai else None
        return Setting(address, name) if address else None
    setting = find_setting("api_base")
    return (
        setting
        if setting and setting.value == options.api_base
        else Setting(options.api_base, source)
    )


def origin_line(name: str, setting: Setting) -> Line:
    """Return a transcript line with a setting and its source, without credentials."""
    words = f"{without_credentials(setting.value)}  (from {setting.source})"
    return Line(name, Text(printable(words)))
