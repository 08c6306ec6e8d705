"""Tools of MCP servers, as LangChain tools that an environment or an agent can use."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from refinegraph.errors import InputError, SettingError

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_LONGEST = 8_000
"""Characters of one result: more would crowd everything else out of a prompt."""


@asynccontextmanager
async def open_mcp_tools(
    *servers: Any, timeout: float | None = 60.0
) -> AsyncGenerator[list["BaseTool"]]:
    """Connect to MCP servers and give their tools, until the body ends.

    A server is an address such as `"http://127.0.0.1:8401/mcp"`, the words of a command such as
    `["npx", "some-server"]`, or what the SDK's `Client` takes. Give the tools to `ToolUse`, or bind
    them to a model. A tool that fails says so in its result; one that takes longer than `timeout`
    seconds fails. Needs `pip install 'refinegraph[mcp]'`.

    Raises:
        SettingError: Where the SDK is not installed.
        InputError: Where a server cannot be reached, and where two tools have one name.

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
            "the MCP SDK is not installed; it comes with: pip install 'refinegraph[mcp]'"
        ) from None
    async with AsyncExitStack() as stack:
        tools: dict[str, BaseTool] = {}
        for server in servers:
            client = Client(_reached(server), read_timeout_seconds=timeout)
            try:
                await stack.enter_async_context(client)
                listed = (await client.list_tools()).tools
            except Exception as error:
                raise InputError(
                    f"the MCP server {server!r:.100} cannot be used: {error}"
                ) from None
            for found in listed:
                if found.name in tools:
                    raise InputError(
                        f"two MCP servers have a tool {found.name!r}; open one of them."
                    )
                tools[found.name] = _as_tool(client, found)
        yield list(tools.values())


def _reached(server: Any) -> Any:
    """Return a server as the SDK's client takes it."""
    if not isinstance(server, list | tuple):
        return server
    from mcp.client.stdio import StdioServerParameters

    command, *arguments = cast("list[str]", server)
    return StdioServerParameters(command=command, args=arguments)


def _as_tool(client: Any, found: Any) -> "BaseTool":
    from langchain_core.tools import StructuredTool

    async def call(**arguments: Any) -> str:
        result = await client.call_tool(found.name, arguments)
        parts = [getattr(part, "text", f"[{part.type}]") for part in result.content]
        text = "\n".join(parts)
        return f"error: {text}"[:_LONGEST] if result.is_error else text[:_LONGEST]

    return StructuredTool.from_function(
        coroutine=call,
        name=found.name,
        description=found.description or found.name,
        args_schema=found.input_schema,
    )
