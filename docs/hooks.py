"""What the site takes from the code: the help of every command, and the picture of a graph."""

import argparse
from typing import Any

from refinegraph.cli.arguments import make_parser

HELP = "<!-- help of every command -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the help of every command where a page asks for it."""
    return markdown.replace(HELP, command_help()) if HELP in markdown else markdown


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
        super().__init__(
            **settings, formatter_class=lambda prog: argparse.HelpFormatter(prog, width=92)
        )
