"""tools."""

assert __name__ == "refinegraph.tools", "import refinegraph.tools, not tools"
