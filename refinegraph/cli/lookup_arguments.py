"""The flags of commands that look things up: kept runs, models, strategies, settings."""

import argparse

from refinegraph.cli.option_flags import add_json, add_options, number, set_completer

SHELLS = ("bash", "zsh", "fish")
"""The shells that completion scripts exist for."""


def add_runs(command: argparse.ArgumentParser) -> None:
    """Add the flags of `runs`."""
    count = number(whole=True, minimum=1)
    add = command.add_argument
    add(
        "words",
        nargs="*",
        metavar="WORD",
        help="only runs with all these words in their problem, model, strategy, result or id",
    )
    add("-n", "--limit", type=count, default=20, metavar="N", help="default: 20")
    add("--since", type=_date, metavar="DATE", help="only runs since YYYY-MM-DD")
    add_json(command, "print a list of objects")
    add_options(command, "runs")


def add_show(command: argparse.ArgumentParser) -> None:
    """Add the flags of `show`."""
    _add_run_id(command)
    add = command.add_argument
    add("--candidate", metavar="ID", help="print only the answer of this candidate, such as 1.0")
    add("--answer", action="store_true", help="print only the answer, as it is")
    add("--numbers", action="store_true", help="also print the numbers behind every decision")
    add_json(command, "print the whole run as one JSON object")
    add_options(command, "show")


def add_view(command: argparse.ArgumentParser) -> None:
    """Add the flags of `view`."""
    _add_run_id(command)
    command.add_argument(
        "-o", "--output", metavar="FILE", help="default: run-ID.html in this folder"
    )
    add_json(command, "print id and path as one JSON object")
    add_options(command, "view")


def add_rm(command: argparse.ArgumentParser) -> None:
    """Add the flags of `rm`."""
    words = "id as `refinegraph runs` lists it, or its end; or last"
    set_completer(command.add_argument("id", metavar="ID", help=words), "runs")
    add_json(command, "print the id as one JSON object")
    add_options(command, "rm")


def add_models(command: argparse.ArgumentParser) -> None:
    """Add the flags of `models`."""
    command.add_argument(
        "--api-base", metavar="URL", help="also ask this server which models it has"
    )
    add_json(command, "print a list of objects")


def add_strategies(command: argparse.ArgumentParser) -> None:
    """Add the flags of `strategies`."""
    add = command.add_argument
    word = add(
        "words",
        nargs="*",
        metavar="NAME|WORD",
        help="show one strategy with its graph and code, or list those with all these words in"
        " their description",
    )
    set_completer(word, "strategies")
    add(
        "--needs",
        metavar="PART",
        help="only strategies that need it: scorer, environment, memory, examples, ...; none for"
        " those that need nothing",
    )
    add_json(command, "print a list of objects")


def add_graph(command: argparse.ArgumentParser) -> None:
    """Add the flags of `graph`."""
    add = command.add_argument
    set_completer(add("strategy", metavar="STRATEGY"), "strategies")
    add("--format", choices=("mermaid", "png", "svg", "text"), default="text")
    add("-o", "--output", metavar="FILE", help="default: standard output")
    add_json(command, "print nodes and edges as one JSON object")


def add_config(command: argparse.ArgumentParser) -> None:
    """Add the flags of `config`."""
    add = command.add_argument
    add(
        "action",
        nargs="?",
        choices=("trust", "untrust"),
        help="allow a refinegraph.toml, with its present content, to choose servers and files;"
        " or withdraw that",
    )
    add("path", nargs="?", metavar="PATH", help="the refinegraph.toml to trust or not")
    add_json(command, "print a list of objects")


def add_cache(command: argparse.ArgumentParser) -> None:
    """Add the flags of `cache`."""
    add = command.add_argument
    add("file", nargs="?", metavar="FILE", help="default: your own cache")
    add("--clear", action="store_true", help="delete every answer")
    add_json(command)


def add_doctor(command: argparse.ArgumentParser) -> None:
    """Add the flags of `doctor`."""
    command.add_argument(
        "--forget-rates",
        action="store_true",
        help="delete the learned success rates of models, and check nothing",
    )
    add_json(command)


def add_completion(command: argparse.ArgumentParser) -> None:
    """Add the argument of `completion`."""
    command.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))


def _add_run_id(command: argparse.ArgumentParser) -> None:
    """Add the run to look at, which is the last one unless it is named."""
    words = "id as `refinegraph runs` lists it, or its end; default: last"
    action = command.add_argument("id", nargs="?", default="last", metavar="ID", help=words)
    set_completer(action, "runs")


def _date(text: str) -> float:
    """Return the seconds since 1970 at the beginning of a day in local time."""
    from datetime import datetime

    try:
        return datetime.strptime(text, "%Y-%m-%d").timestamp()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-01-31") from None
