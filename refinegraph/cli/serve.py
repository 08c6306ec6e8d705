"""`refinegraph serve`."""

import argparse
import ipaddress
import logging
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from refinegraph.cli.given_options import command_options, run_options
from refinegraph.cli.interrupts import INTERRUPTED, let_interrupts_pass
from refinegraph.cli.observers import watched
from refinegraph.errors import InputError, SettingError
from refinegraph.options import CommandOptions, RunOptions
from refinegraph.options.config import home
from refinegraph.runs import RunStore
from refinegraph.terminal.waiting import patiently
from refinegraph.wording import plural

if TYPE_CHECKING:
    from refinegraph.serving import ClientBook, ServerSettings
    from refinegraph.serving.app import ServingApp

_KEY_VARIABLE = "REFINEGRAPH_SERVE_KEY"


def run(arguments: argparse.Namespace) -> int:
    """Serve models with strategies until Ctrl-C."""
    try:
        from refinegraph.serving.server import address_of, listen, run_server
    except ImportError as error:
        raise SettingError(
            f"{error.name} is not installed; it comes with: pip install 'refinegraph[serve]'"
        ) from None
    options, command = run_options(arguments), command_options(arguments)
    if options.ask:
        raise InputError("--ask needs a person at a terminal, which a server does not have.")
    clients = _clients(arguments)
    _check_host(arguments.host, clients)
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    with listen(arguments.host, arguments.port) as listening:
        address = arguments.public_url or address_of(listening)
        settings = _settings(arguments, options, command, clients, address.rstrip("/"))
        app = patiently(partial(_app, settings), "loading the models", quiet=command.quiet)
        if not command.quiet:
            _say_where(address, app, settings)
        let_interrupts_pass()
        with watched(command):
            cut_off = run_server(
                app,
                listening,
                grace=arguments.grace,
                say=_say,
                log_requests=arguments.log_requests,
            )
    finished = plural(app.service.admission.finished, "request")
    _say(f"stopped after {finished}" + (f", {cut_off} of them cut off" if cut_off else ""))
    return INTERRUPTED


def _app(settings: "ServerSettings") -> "ServingApp":
    from refinegraph.serving import create_app

    return create_app(settings)


def _settings(
    arguments: argparse.Namespace,
    options: RunOptions,
    command: CommandOptions,
    clients: "ClientBook",
    public_url: str,
) -> "ServerSettings":
    from refinegraph.serving import ServerSettings
    from refinegraph.serving.names import default_menu

    listed: str | None = arguments.listed_strategies
    return ServerSettings(
        options=replace(options, learn=options.learn or "run"),
        extra_models=tuple(filter(None, (arguments.extra_models or "").split(","))),
        listed_strategies=tuple(listed.split(",")) if listed else default_menu(),
        clients=clients,
        concurrency=arguments.concurrency,
        max_requests=arguments.max_requests,
        runs=None if command.no_keep else RunStore(home() / "served"),
        public_url=public_url,
    )


def _clients(arguments: argparse.Namespace) -> "ClientBook":
    """Return the clients that may use the server, from the file or from the variable."""
    from refinegraph.serving import Client, ClientBook

    if arguments.keys:
        return ClientBook.read(Path(arguments.keys), home() / "served" / "spent.json")
    key = os.environ.get(_KEY_VARIABLE, "").strip()
    if not key:
        return ClientBook()
    try:
        return ClientBook({"default": Client(key=key)})
    except ValueError:
        raise InputError(f"{_KEY_VARIABLE} is too short; expected 16 characters or more.") from None


def _check_host(host: str, clients: "ClientBook") -> None:
    """Raise `InputError` if strangers could reach a server that asks for no key."""
    if clients.clients or host == "localhost":
        return
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise InputError(
            f"--host {host!r} is reachable for others, and no key is set; pass --keys FILE, "
            f"set {_KEY_VARIABLE}, or stay on 127.0.0.1."
        )


def _say_where(address: str, app: "ServingApp", settings: "ServerSettings") -> None:
    model = app.service.models[0]
    _say(f"serving OpenAI's protocol at {address}/v1  (Ctrl-C stops)")
    for name in app.service.models:
        _say(f"  model     {name}")
    _say(f"  names     {settings.listed_strategies[0]}/{model} … ({address}/v1/models lists them)")
    _say("  checks    tests in the field `refinegraph`, or examples in the message; a request")
    _say("            without either goes to the model unchanged")
    named = ", ".join(settings.clients.clients)
    _say(f"  keys      {named or 'none: any program on this machine may use it'}")
    key = "KEY" if named else "none"
    _say(f"  try       OPENAI_BASE_URL={address}/v1 OPENAI_API_KEY={key} and any client")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
