"""Write the pages of the gallery: one for every published system, and the index by idea."""

import re
from typing import get_args

from refinegraph.graphs.strategies import (
    Strategy,
    find_strategy,
    source_of,
    strategy_names,
    strategy_outline,
)
from refinegraph.graphs.strategies.strategy import NEEDS, Idea
from refinegraph.terminal.outline import as_svg, draw_graph

IDEAS: dict[Idea, str] = {
    "vote": "Vote: let several answers decide",
    "judge": "Judge: let a model, or a reward model, choose",
    "repair": "Repair: criticise and revise",
    "search": "Search: look for the best way step by step",
    "remember": "Remember: learn from earlier attempts, or look things up",
    "decompose": "Decompose: plan, and solve part by part",
    "check": "Check: run, verify or measure before believing",
    "evolve": "Evolve: change what works, keep what works better",
    "route": "Route: decide how much, and which kind of, effort a problem gets",
}
_ARXIV = re.compile(r"arXiv (\d{4}\.\d{4,5})")


def published() -> list[Strategy]:
    """Return the strategies that are published systems, in alphabetical order."""
    return sorted(
        (strategy for strategy in map(find_strategy, strategy_names()) if strategy.title),
        key=lambda strategy: strategy.name,
    )


def system_index() -> str:
    """Return a table of systems for every idea."""
    systems = published()
    parts = [f"There are {len(systems)} systems."]
    for idea in get_args(Idea):
        rows = [_row(system) for system in systems if idea in system.ideas]
        parts.append(
            "\n".join([f"## {IDEAS[idea]}\n", "| name | what it does | needs |", _RULE, *rows])
        )
    return "\n\n".join(parts)


def system_page(system: Strategy) -> str:
    """Return the page of one system: its card, its graph and its code."""
    parts = [
        f"# {system.title}\n\n{system.summary}.",
        _card(system),
        f"```console\n$ refinegraph strategies {system.name}\n```",
        *(f"Needs {NEEDS[need]}." for need in system.needs),
        f"## The graph\n\n{_picture(system)}",
        f"## The code\n\n```python\n{source_of(system).strip()}\n```",
        "[All systems](../gallery.md)",
    ]
    return "\n\n".join(parts) + "\n"


_RULE = "|---|---|---|"


def _row(system: Strategy) -> str:
    link = f"[`{system.name}`](gallery/{system.name}.md)"
    return f"| {link} | {_cell(system.summary)} | {', '.join(system.needs)} |"


def _card(system: Strategy) -> str:
    rows = {
        "paper": _ARXIV.sub(r"[arXiv \1](https://arxiv.org/abs/\1)", system.source),
        "ideas": ", ".join(system.ideas),
        "model calls": system.calls,
        "needs": ", ".join(system.needs) or "nothing but a model",
        "departs": system.departs,
    }
    lines = [f"| {name} | {_cell(text)} |" for name, text in rows.items() if text]
    return "\n".join([f"| name | `{system.name}` |", "|---|---|", *lines])


def _picture(system: Strategy) -> str:
    outline = strategy_outline(system.name).get_graph()
    edges = [(edge.source.strip("_"), edge.target.strip("_")) for edge in outline.edges]
    drawing = as_svg(draw_graph(edges, start="start"))
    return f'<div style="max-width: 30rem">{drawing}</div>'


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
