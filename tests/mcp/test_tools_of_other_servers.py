"""Agents in a graph that act with the tools of other MCP servers."""

import pytest

pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")

from mcp.server import MCPServer

import refinegraph as rg
from refinegraph.agents.environments import ToolUse, open_mcp_tools
from refinegraph.agents.models import ScriptedChatModel


def warehouse(calls: list[str]) -> MCPServer:
    server = MCPServer("warehouse", log_level="WARNING")

    @server.tool()
    def stock(item: str) -> str:
        """Return how many of an item are in stock."""
        calls.append(item)
        return "12" if item == "screw" else "0"

    return server


async def test_a_graph_acts_with_the_tools_of_another_server() -> None:
    calls: list[str] = []
    model = ScriptedChatModel(
        [
            "I look it up.\nAction: stock[screw]",
            "There are twelve.\nAction: finish[12]",
        ]
    )
    problem = rg.Problem(prompt="How many screws are in stock?", kind="text")
    async with open_mcp_tools(warehouse(calls)) as tools:
        result = await rg.asolve(
            problem, model=model, strategy="react", environment=lambda: ToolUse(tools)
        )
    assert result.answer == "12"
    assert calls == ["screw"]
    assert "Return how many of an item are in stock." in model.calls[0].prompt
    assert "12" in model.calls[1].prompt
