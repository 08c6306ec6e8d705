"""The server: tools with their descriptions, and finished runs as resources."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Annotated, Literal

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from mcp.types import CallToolResult, ContentBlock, ResourceLink, TextContent, ToolAnnotations
from pydantic import Field

import refinegraph
from refinegraph.errors import InputError, RefinegraphError
from refinegraph.html.run import run_page
from refinegraph.mcp.reporting import reporting
from refinegraph.schema import Frozen
from refinegraph.support.redaction import redact
from refinegraph.toolbox import Output, Reviewed, Selected, Solved, Toolbox, Verified
from refinegraph.toolbox.tools import RUN_SCHEME

_INSTRUCTIONS = """\
Prove code before you claim that it works. `verify` runs a program against tests in a sandbox; \
`run` shows what a script prints; `select` picks the best of several programs by tests; `solve` \
lets a strategy propose, test and repair programs; `fix` repairs a checkout whose tests fail and \
returns a patch that it does not apply; `review` is an opinion and proves nothing. A verdict is \
`proved`, `refuted` or `unverified`: tell the user which."""
_HEARTBEAT = 10.0
"""Seconds of silence after which a call shows that it is at work: a sixth of the minute after which
hosts give up, so that one lost report does no harm."""
_PURE = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)
_ASKS_MODELS = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=True)

Tests = Annotated[
    str,
    Field(description="assert lines, test_* functions, a >>> session, or JSON cases"),
]
Program = Annotated[str, Field(description="Python source, or an answer with a fence in it")]
EntryPoint = Annotated[str | None, Field(description="the function that the tests are about")]


def create_mcp_server(toolbox: Toolbox, *, heartbeat: float = _HEARTBEAT) -> MCPServer:
    """Return an MCP server with the tools of a toolbox.

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
    _add_checks(server, toolbox, heartbeat)
    _add_runs(server, toolbox, heartbeat)
    _add_resources(server, toolbox)
    return server


def _add_checks(server: MCPServer, toolbox: Toolbox, heartbeat: float) -> None:
    """Add the tools that ask no model."""

    @server.tool(title="Run a program against tests", annotations=_PURE)
    async def verify(
        program: Program, tests: Tests, context: Context, entry_point: EntryPoint = None
    ) -> Annotated[CallToolResult, Verified]:
        """Run a Python program against tests in a sandbox, and say which tests pass.

        Use it before claiming that code works.
        """
        async with reporting(context, heartbeat=heartbeat):
            return await _result(toolbox.verify(program, tests, entry_point))

    @server.tool(title="Run a script", annotations=_PURE)
    async def run(
        program: Annotated[str, Field(description="Python source")],
        context: Context,
        stdin: Annotated[str, Field(description="what it reads from standard input")] = "",
    ) -> Annotated[CallToolResult, Output]:
        """Run a Python script in a sandbox without network, and return what it prints."""
        async with reporting(context, heartbeat=heartbeat):
            return await _result(toolbox.run(program, stdin))

    @server.tool(title="Choose the best program", annotations=_PURE)
    async def select(
        candidates: Annotated[list[str], Field(description="Python programs")],
        tests: Tests,
        context: Context,
        entry_point: EntryPoint = None,
    ) -> Annotated[CallToolResult, Selected]:
        """Run several programs against the same tests, and return which one passes most of them."""
        async with reporting(context, heartbeat=heartbeat):
            return await _result(toolbox.select(candidates, tests, entry_point))


def _add_runs(server: MCPServer, toolbox: Toolbox, heartbeat: float) -> None:
    """Add the tools that ask a model."""

    @server.tool(title="Solve a problem", annotations=_ASKS_MODELS)
    async def solve(
        problem: Annotated[str, Field(description="the problem in words")],
        context: Context,
        tests: Tests = "",
        strategy: Annotated[str | None, Field(description="such as adaptive, best-of-n")] = None,
        kind: Literal["code", "math", "choice", "text"] = "code",
        samples: Annotated[int | None, Field(ge=1, le=64)] = None,
        budget_tokens: Annotated[int | None, Field(ge=1)] = None,
        timeout: Annotated[float | None, Field(gt=0, description="seconds")] = None,
    ) -> Annotated[CallToolResult, Solved]:
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
        async with reporting(context, heartbeat=heartbeat) as hear:
            return await _result(toolbox.solve(problem, tests, hear, **chosen))

    @server.tool(title="Repair a checkout", annotations=_ASKS_MODELS)
    async def fix(
        path: Annotated[str, Field(description="folder of the checkout, within the root")],
        test: Annotated[str, Field(description="command that runs the tests: pytest -q")],
        context: Context,
        issue: Annotated[str, Field(description="what is wrong, in words")] = "",
    ) -> Annotated[CallToolResult, Solved]:
        """Repair a checkout whose tests fail; return a patch for `git apply`, applying nothing."""
        async with reporting(context, heartbeat=heartbeat) as hear:
            return await _result(toolbox.fix(path, test, hear, issue=issue))

    @server.tool(title="Review a program", annotations=_ASKS_MODELS)
    async def review(
        problem: Annotated[str, Field(description="what the program is for, in words")],
        program: Program,
        context: Context,
        tests: Tests = "",
    ) -> Annotated[CallToolResult, Reviewed]:
        """Ask a model for the first wrong step of a program; with tests, from what they showed.

        An opinion: only `verify` proves anything.
        """
        async with reporting(context, heartbeat=heartbeat):
            return await _result(toolbox.review(problem, program, tests))


def _add_resources(server: MCPServer, toolbox: Toolbox) -> None:
    @server.resource(
        f"{RUN_SCHEME}{{id}}",
        title="A finished run",
        mime_type="text/html",
        description="the page of a run: its candidates, decisions, tests and cost",
    )
    async def finished_run(id: str) -> str:
        if toolbox.runs is None:
            raise ResourceNotFoundError("this server keeps no runs.")
        try:
            kept = await asyncio.to_thread(toolbox.runs.get, id)
        except InputError as error:
            raise ResourceNotFoundError(str(error)) from None
        return "".join(run_page(kept.result, prompt=kept.problem.prompt, finished=kept.finished))


async def _result(work: Awaitable[Frozen]) -> CallToolResult:
    """Return what a tool returned as fields, as text, and with a link to its run.

    Raises `ToolError` with the sentence of whatever refinegraph raises on purpose.
    """
    try:
        done = await work
    except RefinegraphError as error:
        raise ToolError(redact(str(error))) from None
    fields = done.model_dump(mode="json")
    content: list[ContentBlock] = [TextContent(text=json.dumps(fields, ensure_ascii=False))]
    if isinstance(done, Solved) and done.run:
        name = done.run.removeprefix(RUN_SCHEME)
        content.append(ResourceLink(name=f"run {name}", uri=done.run, mime_type="text/html"))
    return CallToolResult(content=content, structured_content=fields)
