"""graphs."""

assert __name__ == "refinegraph.graphs", "import refinegraph.graphs, not graphs"
