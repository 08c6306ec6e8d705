"""`refinegraph graph`."""

import argparse
from collections.abc import Iterable


def run(options: argparse.Namespace) -> int:
    """Print the graph of a strategy, taken from the compiled graph itself."""
    from refinegraph.graphs.strategies import find_strategy, strategy_outline

    strategy = find_strategy(options.strategy)
    drawn = strategy_outline(options.strategy).get_graph()
    if options.format == "mermaid":
        print(drawn.draw_mermaid())
        return 0
    print(f"{strategy.name}: {strategy.summary} ({strategy.source})\n")
    edges = [(edge.source, edge.target) for edge in drawn.edges]
    print(outline([_plain(name) for name in drawn.nodes], edges))
    return 0


def outline(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> str:
    """Return the graph as one line a node with the nodes that may come next.

    >>> print(outline(["start", "end"], [("__start__", "__end__")]))
    start  ->  end
    """
    following: dict[str, list[str]] = {}
    for source, target in edges:
        following.setdefault(_plain(source), []).append(_plain(target))
    width = max(map(len, following), default=0)
    order = [name for name in names if name in following]
    return "\n".join(f"{name:<{width}}  ->  {' | '.join(following[name])}" for name in order)


def _plain(name: str) -> str:
    return name.strip("_")
