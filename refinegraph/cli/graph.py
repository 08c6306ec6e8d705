"""`refinegraph graph`."""

import argparse
import json
import sys
from pathlib import Path

from refinegraph.cli.files import OutputFile, print_exactly
from refinegraph.errors import InputError
from refinegraph.terminal.console import speak_plainly


def run(options: argparse.Namespace) -> int:
    """Print the graph of a strategy as LangGraph compiled it.

    A PNG goes to the `--output` file, or to standard output if that is not a terminal.
    """
    if options.json:
        print_exactly(_as_json(options.strategy))
        return 0
    drawing = _draw(options)
    if isinstance(drawing, bytes):
        _write(drawing, options.output)
    elif options.output:
        OutputFile(options.output).write(drawing)
    else:
        speak_plainly(sys.stdout)
        print_exactly(drawing)
    return 0


def _draw(options: argparse.Namespace) -> str | bytes:
    from refinegraph.graphs.strategies import find_strategy, strategy_outline
    from refinegraph.terminal.outline import as_svg, draw_graph
    from refinegraph.terminal.picture import as_png

    strategy = find_strategy(options.strategy)
    drawn = strategy_outline(strategy.name).get_graph()
    if options.format == "mermaid":
        return str(drawn.draw_mermaid())
    edges = [(edge.source.strip("_"), edge.target.strip("_")) for edge in drawn.edges]
    heading = f"{strategy.name}: {strategy.summary}\n{' ' * len(strategy.name)}  {strategy.source}"
    drawing = f"{heading}\n\n{draw_graph(edges, start='start')}\n"
    if options.format == "png":
        return as_png(drawing)
    return as_svg(drawing) if options.format == "svg" else drawing


def _as_json(name: str) -> str:
    """Return nodes and edges; which `conditional` edge is taken is decided during a run."""
    from refinegraph.graphs.strategies import find_strategy, strategy_outline

    strategy = find_strategy(name)
    drawn = strategy_outline(strategy.name).get_graph()
    edges = [
        {"source": edge.source, "target": edge.target, "conditional": edge.conditional}
        for edge in drawn.edges
    ]
    graph = {"strategy": strategy.name, "nodes": list(drawn.nodes), "edges": edges}
    return json.dumps(graph, indent=2) + "\n"


def _write(picture: bytes, output: str | None) -> None:
    if output:
        try:
            Path(output).write_bytes(picture)
        except OSError as error:
            raise InputError(f"--output {output!r} cannot be written: {error.strerror}.") from None
        return
    if sys.stdout.isatty():
        raise InputError("a PNG cannot be shown in a terminal; name a file with --output.")
    sys.stdout.buffer.write(picture)
