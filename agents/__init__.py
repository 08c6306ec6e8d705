"""agents."""

assert __name__ == "refinegraph.agents", "import refinegraph.agents, not agents"
