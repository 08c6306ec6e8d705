"""`refinegraph demo`: bundled tasks solved live, then a session for your own problems."""

import argparse
import sys
from contextlib import suppress
from itertools import chain

from refinegraph.cli.given_options import run_options
from refinegraph.cli.interrupts import let_interrupts_pass
from refinegraph.cli.origins import EMBEDDED_NOTE
from refinegraph.errors import RefinegraphError
from refinegraph.options.config import EMBEDDED
from refinegraph.repl import Session
from refinegraph.repl.commands import as_command, completables, run_command
from refinegraph.repl.reading import confirmed, piped, typed
from refinegraph.repl.tour import tour
from refinegraph.terminal.console import error_console, output_console
from refinegraph.terminal.text import printable

_YOURS = """
Now yours: type or paste a problem, /example for another task, /help for the rest.
"""
_NEXT = """
Now with a problem and a model of yours:

  refinegraph demo                     a session: type problems, look into the runs
  refinegraph solve "Write f(x) for a list of integers. Sort the numbers, then drop the first 2."
  refinegraph solve "Write is_leap(year)." -m ollama_chat/qwen3:8b
  refinegraph solve --tests tests.py -m openai/NAME --api-base URL < problem.txt"""


def run(options: argparse.Namespace) -> int:
    """Show the bundled tasks, unless commands are piped in, then take what is typed.

    An interrupt ends the command with 130 if there is no terminal; at a terminal it stops the run,
    and the session goes on.
    """
    chosen = run_options(options)
    session = Session(chosen, error_console(), output_console(), kind=chosen.kind)
    if chosen.model == EMBEDDED:
        session.say(f"model: {EMBEDDED_NOTE}", "dim")
    if sys.stdin is None or not sys.stdin.isatty():
        return _piped(session, with_tour=options.tour)
    return _at_terminal(session, with_tour=options.tour)


def _at_terminal(session: Session, *, with_tour: bool) -> int:
    """Show the tour, then take what is typed; Ctrl-C ends a run and returns to the prompt."""
    let_interrupts_pass()
    session.confirm = confirmed
    if with_tour:
        with suppress(KeyboardInterrupt):
            tour(session)
    session.forget()
    session.say(_YOURS, "bold")
    goes_on = True
    for line in typed(completables(session)):
        with suppress(KeyboardInterrupt):
            goes_on = take(session, line)
        if not goes_on:
            break
    return 0


def take(session: Session, line: str) -> bool:
    """Execute one line; return whether the session continues."""
    command = as_command(line)
    try:
        if command:
            run_command(session, command)
        elif line.strip():
            session.ask(line)
    except EOFError:
        return False
    except RefinegraphError as error:
        session.say(f"  {printable(str(error))}", "red")
    return True


def _piped(session: Session, *, with_tour: bool) -> int:
    """Take the lines of a file; if there are none, show the tour and what to try next."""
    lines = piped(sys.stdin) if sys.stdin else iter(())
    first = next(lines, None)
    if first is None:
        proved = not with_tour or tour(session)
        session.say(_NEXT)
        return 0 if proved else 1
    for line in chain([first], lines):
        if not take(session, line):
            break
    return 0
