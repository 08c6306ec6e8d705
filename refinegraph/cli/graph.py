"""`refinegraph graph`."""

import argparse

from refinegraph.cli.files import print_exactly
from refinegraph.view.console import speak_plainly


def run(options: argparse.Namespace) -> int:
    """Print the graph of a strategy, taken from the compiled graph itself."""
    import sys

    from refinegraph.graphs.strategies import find_strategy, strategy_outline
    from refinegraph.view.outline import as_svg, draw_graph

    strategy = find_strategy(options.strategy)
    drawn = strategy_outline(strategy.name).get_graph()
    speak_plainly(sys.stdout)
    if options.format == "mermaid":
        print_exactly(drawn.draw_mermaid())
        return 0
    edges = [(edge.source.strip("_"), edge.target.strip("_")) for edge in drawn.edges]
    heading = f"{strategy.name}: {strategy.summary}\n{' ' * len(strategy.name)}  {strategy.source}"
    drawing = f"{heading}\n\n{draw_graph(edges, start='start')}\n"
    print_exactly(as_svg(drawing) if options.format == "svg" else drawing)
    return 0
