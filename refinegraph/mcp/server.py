"""The server: tools with their descriptions, and finished runs as resources."""

import asyncio
from collections.abc import Awaitable, Callable
from inspect import cleandoc
from typing import Annotated, Any, Literal, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import Field

import refinegraph
from refinegraph.errors import InputError
from refinegraph.html.run import run_page
from refinegraph.mcp.host_model import uses_host_model
from refinegraph.mcp.tool_calls import PATIENCE, ToolCalls
from refinegraph.toolbox import Output, Reviewed, Selected, Solved, Toolbox, Verified
from refinegraph.toolbox.tools import RUN_SCHEME

_INSTRUCTIONS = """\
Prove code before you claim that it works. `verify` runs a program against tests in a sandbox; \
`run` shows what a script prints; `select` picks the best of several programs by tests; `solve` \
lets a strategy propose, test and repair programs; `fix` repairs a checkout whose tests fail and \
returns a patch that it does not apply; `review` is an opinion and proves nothing. A verdict is \
`proved`, `refuted` or `unverified`: tell the user which."""
_HEARTBEAT = 10.0
"""Seconds of silence after which a call reports that it is still running. Hosts give up after a
minute, so that a lost report does no harm."""
_PURE = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)
_ASKS_MODELS = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=True)

Tool = TypeVar("Tool", bound=Callable[..., Awaitable[Any]])

Tests = Annotated[
    str,
    Field(description="assert lines, test_* functions, a >>> session, or JSON cases"),
]
Program = Annotated[str, Field(description="Python source, or an answer with a fence in it")]
EntryPoint = Annotated[str | None, Field(description="the function that the tests are about")]


Strategy = Annotated[
    str | None,
    Field(
        description="how candidates are made and chosen, such as adaptive, best-of-n or "
        "self-refine; by default the server chooses"
    ),
]
Samples = Annotated[
    int | None,
    Field(
        ge=1,
        le=64,
        description="maximum number of candidates that the model writes; some strategies stop "
        "as soon as one passes all tests; by default the strategy's own number",
    ),
]
BudgetTokens = Annotated[
    int | None,
    Field(
        ge=1,
        description="limit of the tokens, prompts and answers together, that all model calls of "
        "this run may use; the run then ends with the best candidate so far; cannot exceed the "
        "server's limit",
    ),
]
Timeout = Annotated[
    float | None,
    Field(
        gt=0,
        description="seconds after which the run ends with the best candidate so far; cannot "
        "exceed the server's limit",
    ),
]


def create_mcp_server(
    toolbox: Toolbox, *, heartbeat: float = _HEARTBEAT, patience: float = PATIENCE
) -> MCPServer:
    """Return an MCP server with the tools of a toolbox.

    Give the toolbox `HostChatModel()` as its model to ask the model of the host that calls, without
    a key. A call is abandoned if the host has not answered after `patience` seconds.

    >>> from refinegraph.options import RunOptions
    >>> from refinegraph.toolbox import Toolbox
    >>> from refinegraph.tools.sandbox import Sandbox
    >>> import asyncio
    >>> server = create_mcp_server(Toolbox(RunOptions(), Sandbox()))
    >>> [tool.name for tool in asyncio.run(server.list_tools())]
    ['verify', 'run', 'select', 'solve', 'fix', 'review']
    """
    server = MCPServer(
        "refinegraph",
        instructions=_INSTRUCTIONS,
        version=refinegraph.__version__,
        log_level="WARNING",
    )
    asks_host = uses_host_model(toolbox.options)
    calls = ToolCalls(heartbeat=heartbeat, asks_host=asks_host, patience=patience)
    _add_checks(server, toolbox, calls)
    _add_solve(server, toolbox, calls)
    _add_repair(server, toolbox, calls)
    _add_resources(server, toolbox)
    return server


def _tool(server: MCPServer, title: str, annotations: ToolAnnotations) -> Callable[[Tool], Tool]:
    """Return a decorator that adds a tool with its docstring, less the indentation."""

    def add(function: Tool) -> Tool:
        words = cleandoc(function.__doc__ or "")
        return server.tool(title=title, description=words, annotations=annotations)(function)

    return add


def _add_checks(server: MCPServer, toolbox: Toolbox, calls: ToolCalls) -> None:
    """Add the tools that need no model."""

    @_tool(server, "Run a program against tests", _PURE)
    async def verify(
        program: Program, tests: Tests, context: Context, entry_point: EntryPoint = None
    ) -> Annotated[CallToolResult, Verified]:
        """Run a Python program against tests in a sandbox, and say which tests pass.

        Use it before claiming that code works.
        """
        return await calls.check(context, toolbox.verify(program, tests, entry_point))

    @_tool(server, "Run a script", _PURE)
    async def run(
        program: Annotated[str, Field(description="Python source")],
        context: Context,
        stdin: Annotated[str, Field(description="what it reads from standard input")] = "",
    ) -> Annotated[CallToolResult, Output]:
        """Run a Python script in a sandbox without network, and return what it prints."""
        return await calls.check(context, toolbox.run(program, stdin))

    @_tool(server, "Choose the best program", _PURE)
    async def select(
        candidates: Annotated[list[str], Field(description="Python programs")],
        tests: Tests,
        context: Context,
        entry_point: EntryPoint = None,
    ) -> Annotated[CallToolResult, Selected]:
        """Run several programs against the same tests, and return which one passes most of them."""
        return await calls.check(context, toolbox.select(candidates, tests, entry_point))


def _add_solve(server: MCPServer, toolbox: Toolbox, calls: ToolCalls) -> None:
    """Add the tool that solves a problem with a strategy."""

    @_tool(server, "Solve a problem", _ASKS_MODELS)
    async def solve(
        problem: Annotated[str, Field(description="the problem in words")],
        context: Context,
        tests: Tests = "",
        strategy: Strategy = None,
        kind: Annotated[
            Literal["code", "math", "choice", "text"] | None,
            Field(description="what kind of answer the problem asks for; default: by its wording"),
        ] = None,
        samples: Samples = None,
        budget_tokens: BudgetTokens = None,
        timeout: Timeout = None,
    ) -> Annotated[CallToolResult, Solved] | InputRequiredResult:
        """Let a strategy propose programs, run them against tests and repair what fails.

        Takes from seconds to minutes and reports what it does.
        """
        chosen = {
            "strategy": strategy,
            "kind": kind,
            "samples": samples,
            "budget_tokens": budget_tokens,
            "timeout": timeout,
        }
        return await calls.run(
            context, lambda on_event: toolbox.solve(problem, tests, on_event, **chosen)
        )


def _add_repair(server: MCPServer, toolbox: Toolbox, calls: ToolCalls) -> None:
    """Add the tools that repair and review what exists."""

    @_tool(server, "Repair a checkout", _ASKS_MODELS)
    async def fix(
        path: Annotated[str, Field(description="folder of the checkout, within the root")],
        test: Annotated[str, Field(description="command that runs the tests: pytest -q")],
        context: Context,
        issue: Annotated[str, Field(description="what is wrong, in words")] = "",
    ) -> Annotated[CallToolResult, Solved] | InputRequiredResult:
        """Repair a checkout whose tests fail; return a patch for `git apply`, applying nothing."""
        return await calls.run(
            context, lambda on_event: toolbox.fix(path, test, on_event, issue=issue)
        )

    @_tool(server, "Review a program", _ASKS_MODELS)
    async def review(
        problem: Annotated[str, Field(description="what the program is for, in words")],
        program: Program,
        context: Context,
        tests: Tests = "",
    ) -> Annotated[CallToolResult, Reviewed] | InputRequiredResult:
        """Ask a model for the first wrong step of a program; with tests, from what they showed.

        An opinion: only `verify` proves anything.
        """
        return await calls.run(context, lambda _: toolbox.review(problem, program, tests))


def _add_resources(server: MCPServer, toolbox: Toolbox) -> None:
    @server.resource(
        f"{RUN_SCHEME}{{id}}",
        title="A finished run",
        mime_type="text/html",
        description="the page of a run, with its candidates, decisions, tests and cost",
    )
    async def finished_run(id: str) -> str:
        if toolbox.runs is None:
            raise ResourceNotFoundError("this server keeps no runs.")
        try:
            kept = await asyncio.to_thread(toolbox.runs.get, id)
        except InputError as error:
            raise ResourceNotFoundError(str(error)) from None
        return "".join(run_page(kept.result, prompt=kept.problem.prompt, finished=kept.finished))
