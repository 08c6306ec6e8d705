"""Tools of MCP servers as LangChain tools."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from refinegraph.errors import InputError, SettingError

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_LONGEST = 8_000
"""Maximum characters of one result, so that it cannot crowd everything else out of a prompt."""


@asynccontextmanager
async def open_mcp_tools(
    *servers: Any, timeout: float | None = 60.0
) -> AsyncGenerator[list["BaseTool"]]:
    """Connect to MCP servers and yield their tools until the context exits.

    A server is an address such as `"http://127.0.0.1:8401/mcp"`, a command with its arguments such
    as `["npx", "some-server"]`, or anything that the SDK's `Client` accepts. Pass the tools to
    `ToolUse`, or bind them to a model. A tool that fails reports the error in its result, and one
    that takes longer than `timeout` seconds fails. Requires `pip install 'refinegraph[mcp]'`.

    Raises:
        SettingError: If the SDK is not installed.
        InputError: If a server cannot be reached, or if two tools have the same name.

    >>> import asyncio
    >>> from refinegraph.agents.environments import ToolUse, open_mcp_tools
    >>> async def double_by_tool(server):
    ...     async with open_mcp_tools(server) as tools:
    ...         return (await ToolUse(tools).step("double[21]")).text
    >>> from mcp.server import MCPServer
    >>> server = MCPServer("numbers", log_level="WARNING")
    >>> @server.tool()
    ... def double(x: int) -> int:
    ...     "Double a number."
    ...     return 2 * x
    >>> asyncio.run(double_by_tool(server))
    '42'
    """
    try:
        from mcp.client import Client
    except ImportError:
        raise SettingError(
            "the MCP SDK is not installed; install it with: pip install 'refinegraph[mcp]'"
        ) from None
    async with AsyncExitStack() as stack:
        tools: dict[str, BaseTool] = {}
        for server in servers:
            client = Client(_connection(server), read_timeout_seconds=timeout)
            try:
                await stack.enter_async_context(client)
                listed = (await client.list_tools()).tools
            except Exception as error:
                raise InputError(f"cannot use the MCP server {server!r:.100}: {error}") from None
            for tool in listed:
                if tool.name in tools:
                    raise InputError(
                        f"two MCP servers have a tool named {tool.name!r}; open only one of them."
                    )
                tools[tool.name] = _as_tool(client, tool)
        yield list(tools.values())


def _connection(server: Any) -> Any:
    """Return the argument of the SDK's client for a server."""
    if not isinstance(server, list | tuple):
        return server
    from mcp.client.stdio import StdioServerParameters

    command, *arguments = cast("list[str]", server)
    return StdioServerParameters(command=command, args=arguments)


def _as_tool(client: Any, tool: Any) -> "BaseTool":
    from langchain_core.tools import StructuredTool

    async def call(**arguments: Any) -> str:
        result = await client.call_tool(tool.name, arguments)
        parts = [getattr(part, "text", f"[{part.type}]") for part in result.content]
        text = "\n".join(parts)
        return f"error: {text}"[:_LONGEST] if result.is_error else text[:_LONGEST]

    return StructuredTool.from_function(
        coroutine=call,
        name=tool.name,
        description=tool.description or tool.name,
        args_schema=tool.input_schema,
    )
