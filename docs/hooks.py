"""What the site takes from the code: the help of every command, and the picture of a graph."""

import argparse
import re
import subprocess
import sys
from typing import Any

from refinegraph.cli.arguments import make_parser

HELP = "<!-- help of every command -->"
PICTURE = re.compile(r"<!-- picture of ([\w-]+) -->")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the help of every command, and pictures of graphs, where a page asks for them."""
    drawn = PICTURE.sub(lambda found: picture(found[1]), markdown)
    return drawn.replace(HELP, command_help()) if HELP in drawn else drawn


def picture(strategy: str) -> str:
    """Return the graph of a strategy as SVG."""
    return subprocess.run(
        [sys.executable, "-m", "refinegraph", "graph", strategy, "--format", "svg"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def command_help() -> str:
    """Return the help of the command and of each of its commands."""
    parser = make_parser(_Wide)
    actions = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    parts = [f"```text\n{parser.format_help()}```\n"]
    for name, command in actions[0].choices.items():
        parts.append(f"## refinegraph {name}\n\n```text\n{command.format_help()}```\n")
    return "\n".join(parts)


class _Wide(argparse.ArgumentParser):
    """A parser whose help is as wide as a page."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, formatter_class=_wide)


def _wide(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, width=92)
