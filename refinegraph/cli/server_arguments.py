"""The flags of `serve` and `mcp`."""

import argparse

from refinegraph.cli.option_flags import add_options, number

_HIGHEST_PORT = 65_535


def add_serve(command: argparse.ArgumentParser) -> None:
    """Add the flags of `serve`."""
    add = command.add_argument
    count, seconds = number(whole=True, minimum=1), number(minimum=0)
    port = number(whole=True, minimum=0, maximum=_HIGHEST_PORT)
    add("--host", default="127.0.0.1", help="default: 127.0.0.1; other addresses need a key")
    add("--port", type=port, default=8400, metavar="N", help="default: 8400; 0 takes a free one")
    add("--extra-models", metavar="A,B", help="further models by name")
    add(
        "--listed-strategies",
        metavar="A,B:N",
        help="strategies that /v1/models lists; default: the package's",
    )
    add("--keys", metavar="FILE", help="TOML file of clients with their keys and daily budgets")
    add(
        "--public-url",
        metavar="URL",
        help="the server's address for clients, used in links to runs",
    )
    add(
        "--concurrency",
        type=count,
        default=64,
        metavar="N",
        help="maximum number of model calls in flight; default: 64",
    )
    add(
        "--max-requests",
        type=count,
        default=1024,
        metavar="N",
        help="maximum number of requests in progress; default: 1024",
    )
    add(
        "--grace",
        type=seconds,
        default=10.0,
        metavar="SECONDS",
        help="how long requests may take to finish after Ctrl-C; default: 10",
    )
    add("--log-requests", action="store_true", help="print a line for each request")
    add_options(command, "serve")


def add_mcp(command: argparse.ArgumentParser) -> None:
    """Add the flags of `mcp`."""
    add = command.add_argument
    port = number(whole=True, minimum=0, maximum=_HIGHEST_PORT)
    add("--http", action="store_true", help="serve over HTTP on the loopback instead of stdio")
    add("--port", type=port, default=8401, metavar="N", help="port for --http; default: 8401")
    add("--root", default=".", metavar="DIR", help="repair only checkouts inside DIR; default: .")
    add_options(command, "mcp")
