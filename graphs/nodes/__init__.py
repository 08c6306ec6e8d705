"""The nodes of a graph, one a file, as plain async functions from state to update."""
