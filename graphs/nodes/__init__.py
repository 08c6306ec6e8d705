"""The nodes of a graph, one per file, as plain async functions from state to update."""
