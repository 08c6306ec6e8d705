"""Generate parts of the site from the code: help, tables, pictures of graphs, gallery pages."""

import argparse
import inspect
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from entries import MARK, entries_of
from for_models import write_for_models
from metric_tables import metric_tables
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from systems import published, system_index, system_page

import refinegraph
from refinegraph.cli.arguments import make_parser
from refinegraph.graphs.named import POLICIES, ROUTERS, SELECTORS, STOP_RULES
from refinegraph.graphs.named_scorers import SCORERS
from refinegraph.options import RunOptions
from refinegraph.options.option_set import Option

HELP = "<!-- help of every command -->"
OPTIONS = "<!-- table of options -->"
PARTS = "<!-- tables of named parts -->"
FUNCTIONS = "<!-- reference of solve -->"
SYSTEMS = "<!-- systems by idea -->"
METRICS = "<!-- metrics by group -->"
PICTURE = re.compile(r"<!-- picture of ([\w-]+) -->")


def on_post_build(config: Any) -> None:
    """Write the documents for models."""
    write_for_models(Path(config["docs_dir"]), config["nav"], Path(config["site_dir"]))


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the placeholders of a page."""
    filled = PICTURE.sub(lambda match: picture(match[1]), markdown)
    filled = MARK.sub(lambda match: entries_of(match[1]), filled)
    texts = {
        HELP: command_help,
        OPTIONS: option_table,
        PARTS: part_tables,
        FUNCTIONS: solve_reference,
        SYSTEMS: system_index,
        METRICS: metric_tables,
    }
    for mark, text in texts.items():
        if mark in filled:
            filled = filled.replace(mark, text())
    return filled


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for every published system."""
    for system in published():
        path = f"gallery/{system.name}.md"
        files.append(File.generated(config, path, content=system_page(system)))
    return files


def picture(strategy: str) -> str:
    """Return the graph of a strategy as SVG."""
    return subprocess.run(
        [sys.executable, "-m", "refinegraph", "graph", strategy, "--format", "svg"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def command_help() -> str:
    """Return the help of the program and of all its commands."""
    parser = make_parser(_Wide)
    [commands] = [
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    ]
    parts = [f"```text\n{parser.format_help()}```\n"]
    for name, command in commands.choices.items():
        parts.append(f"## refinegraph {name}\n\n```text\n{command.format_help()}```\n")
    return "\n".join(parts)


def solve_reference() -> str:
    """Return the signatures and the documentation of `solve` and `asolve`."""
    parts: list[str] = []
    for function in (refinegraph.solve, refinegraph.asolve):
        description, _, example = inspect.getdoc(function).partition("Args:")[0].partition(">>>")
        parts.append(f"### {function.__name__}\n\n```python\n{_signature(function)}\n```\n")
        parts.append(f"{description}\n```pycon\n>>>{example.rstrip()}\n```\n")
    return "\n".join(parts)


def _signature(function: Any) -> str:
    parameters = [str(parameter) for parameter in inspect.signature(function).parameters.values()]
    lines = ",\n    ".join([parameters[0], "*", *parameters[1:]])
    plain = re.sub(r": '([^']*)'", r": \1", lines).replace("collections.abc.", "")
    return f"{function.__name__}(\n    {plain},\n) -> RefinementResult"


def option_table() -> str:
    """Return a table of the options: name, default, whether a file may set it, and help."""
    defaults = {option.name: option.default for option in fields(RunOptions)}
    rows = ["| option | default | file | what it is |", "|---|---|---|---|"]
    for name, option in RunOptions.declared.items():
        cells = (f"`{name}`", f"`{defaults[name]!r}`", _file(option), _cell(option.help))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _file(option: Option) -> str:
    """Return whether a `refinegraph.toml` may set an option, as a word."""
    if not option.is_setting:
        return "no"
    if callable(option.safe):
        return "in part"
    return "yes" if option.safe else "trusted"


def part_tables() -> str:
    """Return tables of the named rules, routers, selectors, policies and scorers."""
    tables = {
        "stop": STOP_RULES,
        "router": ROUTERS,
        "select": SELECTORS,
        "policy": POLICIES,
        "scorer": SCORERS,
    }
    return "\n\n".join(f"### {name}\n\n{_part_table(parts)}" for name, parts in tables.items())


def _part_table(parts: Any) -> str:
    rows = ["| name | what it is |", "|---|---|"]
    for part in parts:
        rows.append(f"| `{part.usage}` | {_cell(part.summary)} |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


class _Wide(argparse.ArgumentParser):
    """A parser whose help is as wide as a page."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, formatter_class=_wide)


def _wide(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, width=92)
