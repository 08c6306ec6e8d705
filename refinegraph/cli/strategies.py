"""`refinegraph strategies`."""

import argparse
import json
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, get_args

from refinegraph.cli.files import print_exactly
from refinegraph.errors import InputError
from refinegraph.terminal.console import error_console, say, speak_plainly

if TYPE_CHECKING:
    from refinegraph.graphs.strategies import Strategy

_SCREENFUL = 20
"""Strategies beyond which a listing ends with how to search it: more scroll off a small screen."""


def run(options: argparse.Namespace) -> int:
    """List all strategies or those that match a word, or show one with its graph and code."""
    from refinegraph.graphs.strategies import find_strategy, strategy_names

    speak_plainly(sys.stdout)
    options.word = " ".join(options.words)
    every = [find_strategy(name) for name in strategy_names()]
    if options.word in strategy_names() and not options.needs:
        chosen = [find_strategy(options.word)]
        text = _as_json(chosen) if options.json else _card(chosen[0])
    else:
        chosen = [s for s in every if _matches(s, options.word) and _has_need(s, options.needs)]
        if not chosen:
            raise InputError(_nothing(options, len(every)))
        text = _as_json(chosen) if options.json else _listing(chosen)
    print_exactly(text)
    if len(chosen) > _SCREENFUL and sys.stdout.isatty() and not options.json:
        words = (
            f"{len(chosen)} strategies; `refinegraph strategies WORD` searches them, and "
            "`refinegraph strategies NAME` shows one with its graph and code"
        )
        say(error_console(), words, "dim")
    return 0


def _matches(strategy: "Strategy", word: str) -> bool:
    """Return whether every word of a text occurs in the description of a strategy."""
    texts = (strategy.name, strategy.title, strategy.summary, strategy.source, *strategy.ideas)
    description = " ".join(texts).lower()
    return all(part in description for part in word.lower().split())


def _has_need(strategy: "Strategy", need: str | None) -> bool:
    from refinegraph.graphs.strategies.strategy import Need

    if need is None:
        return True
    if need != "none" and need not in get_args(Need):
        known = ", ".join(get_args(Need))
        raise InputError(f"--needs {need!r} is unknown; expected {known} or none.")
    return not strategy.needs if need == "none" else need in strategy.needs


def _nothing(options: argparse.Namespace, count: int) -> str:
    about = f"{options.word!r}" if options.word else "these needs"
    return f"none of the {count} strategies matches {about}; `refinegraph strategies` lists all."


def _as_json(strategies: "list[Strategy]") -> str:
    fields = ("name", "title", "summary", "source", "ideas", "needs", "calls", "departs")
    cards = [{field: getattr(strategy, field) for field in fields} for strategy in strategies]
    return f"{json.dumps(cards, indent=2, ensure_ascii=False)}\n"


def _listing(strategies: "list[Strategy]") -> str:
    column = max(len(strategy.name) for strategy in strategies) + 2
    return "".join(_line(strategy, column) for strategy in strategies)


def _line(strategy: "Strategy", column: int) -> str:
    """Return one strategy with its summary, wrapped to the width of the terminal."""
    needs = f" (needs: {', '.join(strategy.needs)})" if strategy.needs else ""
    return _wrapped(f"{strategy.name:<{column}}", f"{strategy.summary}{needs}")


def _wrapped(head: str, text: str) -> str:
    """Return a text beside its heading, wrapped between words on a terminal."""
    if not sys.stdout.isatty():
        return f"{head}{text}\n"
    return (
        textwrap.fill(
            text,
            shutil.get_terminal_size().columns,
            initial_indent=head,
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )
        + "\n"
    )


def _card(strategy: "Strategy") -> str:
    from refinegraph.graphs.strategies import source_of, strategy_outline
    from refinegraph.terminal.outline import draw_graph

    rows = {
        "paper": strategy.source,
        "system": strategy.title,
        "ideas": ", ".join(strategy.ideas),
        "needs": ", ".join(strategy.needs),
        "model calls": strategy.calls,
        "departs": strategy.departs,
    }
    card = "".join(_wrapped(f"  {name:<12} ", text) for name, text in rows.items() if text)
    drawn = strategy_outline(strategy.name).get_graph()
    edges = [(edge.source.strip("_"), edge.target.strip("_")) for edge in drawn.edges]
    picture = draw_graph(edges, start="start")
    code = source_of(strategy)
    return f"{strategy.name}: {strategy.summary}\n{card}\n{picture}\n\n{code}"
