"""`refinegraph mcp`."""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from refinegraph.cli.given_options import command_options, run_options
from refinegraph.cli.interrupts import INTERRUPTED, let_interrupts_pass
from refinegraph.cli.observers import watched
from refinegraph.errors import InputError, SettingError
from refinegraph.options import RunOptions
from refinegraph.runs import RunStore
from refinegraph.terminal.waiting import patiently

_GRACE = 3
"""Seconds that calls may take to finish after Ctrl-C; hosts repeat calls that were cut off."""

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer


def run(arguments: argparse.Namespace) -> int:
    """Serve the tools over standard input and output, or over HTTP, until the host leaves."""
    options, command = run_options(arguments), command_options(arguments)
    if options.ask:
        raise InputError("--ask needs a person at a terminal, which a tool does not have.")
    root = Path(arguments.root).expanduser()
    if not root.is_dir():
        raise InputError(
            f"--root {arguments.root!r} is not a folder; name one that contains checkouts."
        )
    make = partial(_server, options, root, keeps=not command.no_keep)
    server = patiently(make, "loading the tools", quiet=command.quiet or not arguments.http)
    let_interrupts_pass()
    with watched(command):
        try:
            if arguments.http:
                _serve_http(server, arguments.port)
            else:
                server.run()
        except KeyboardInterrupt:
            return INTERRUPTED
    return 0


def _serve_http(server: "MCPServer", port: int) -> None:
    """Serve on the loopback until Ctrl-C; raises `InputError` if the port is taken."""
    import uvicorn

    from refinegraph.serving.server import address_of, listen

    with listen("127.0.0.1", port) as listening:
        address = f"{address_of(listening)}/mcp"
        print(f"serving MCP on {address}  (Ctrl-C stops)", file=sys.stderr, flush=True)
        app = server.streamable_http_app()
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_GRACE)
        uvicorn.Server(config).run(sockets=[listening])


def _server(options: RunOptions, root: Path, *, keeps: bool) -> "MCPServer":
    try:
        from refinegraph.mcp import create_mcp_server
        from refinegraph.mcp.host_model import with_host_model
    except ImportError as error:
        raise SettingError(
            f"{error.name} is not installed; it comes with: pip install 'refinegraph[mcp]'"
        ) from None
    from refinegraph.toolbox import Toolbox
    from refinegraph.tools.sandbox import Sandbox

    runs = RunStore.of_user() if keeps else None
    return create_mcp_server(Toolbox(with_host_model(options), Sandbox(), runs, root))
