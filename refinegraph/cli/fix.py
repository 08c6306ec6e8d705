"""`refinegraph fix`: repair a checkout and print the patch."""

import argparse
import asyncio
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from refinegraph.cli.files import OutputFile, read_text
from refinegraph.cli.given_options import command_options
from refinegraph.cli.origins import origin_lines
from refinegraph.cli.showing import deliver
from refinegraph.cli.solve import Job, begin, solve_job
from refinegraph.errors import InputError
from refinegraph.fixing.applying import apply_to_checkout
from refinegraph.fixing.demonstration import demonstration
from refinegraph.fixing.options import MUTATIONS, FixOptions, uses_mutations
from refinegraph.fixing.running import nothing_fails
from refinegraph.fixing.workshop import Prepared, prepare
from refinegraph.graphs.strategies import find_strategy
from refinegraph.options import CommandOptions
from refinegraph.options.config import configured
from refinegraph.runs.report import report
from refinegraph.support.blocking import run_sync
from refinegraph.terminal.console import error_console, say
from refinegraph.terminal.run_view import RunView, watch
from refinegraph.terminal.text import printable
from refinegraph.terminal.transcript import Line
from refinegraph.tools.test_runs import Baseline
from refinegraph.wording import plural

_NO_MODEL = "none; small changes are tried (for a model, add --model NAME)"


def run(arguments: argparse.Namespace) -> int:
    """Repair a checkout, show how, print the patch, and return the exit code."""
    with ExitStack() as stack:
        if arguments.demo:
            _take_demonstration(arguments, stack)
        options, command = _options(arguments), command_options(arguments)
        find_strategy(options.strategy)
        output = OutputFile(command.output) if command.output else None
        console = error_console()
        prepared = _prepare(options, command, console)
        if prepared.problem is None:
            return _nothing_fails(prepared, command, console)
        return _repair(arguments, options, command, output, prepared)


def _take_demonstration(arguments: argparse.Namespace, stack: ExitStack) -> None:
    if arguments.path or arguments.test:
        raise InputError("--demo has its own project and tests; leave out PATH and --test.")
    project = stack.enter_context(demonstration())
    arguments.path, arguments.test = str(project.folder), project.test
    arguments.no_keep = True
    say(error_console(), project.introduction)


def _prepare(options: FixOptions, command: CommandOptions, console: Console) -> Prepared:
    view = RunView()
    try:
        with watch(view, console, quiet=command.quiet):
            return run_sync(prepare(options, view.handle))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _nothing_fails(prepared: Prepared, command: CommandOptions, console: Console) -> int:
    """Report that there is nothing to fix."""
    result = nothing_fails(prepared)
    if command.json:
        text = report(result).model_dump_json() + "\n"
        deliver(result, text, output=None, json=True, quiet=command.quiet, kept=None)
    if not command.quiet:
        say(console, _nothing_to_fix(prepared.workshop.baseline))
    return 0


def _nothing_to_fix(baseline: Baseline) -> str:
    passed = plural(len(baseline.passing), "test")
    if not baseline.flaky:
        return f"Nothing fails ({passed} passed), and no issue was given: nothing to fix."
    flaky = plural(len(baseline.flaky), "flaky test")
    return (
        f"Nothing fails in every run ({passed} passed, and {flaky} only sometimes: "
        f"{baseline.flaky[0]}), so no patch can be proved. Make that test fail every time, for "
        "example with a fixed seed or clock."
    )


def _repair(
    arguments: argparse.Namespace,
    options: FixOptions,
    command: CommandOptions,
    output: OutputFile | None,
    prepared: Prepared,
) -> int:
    assert prepared.problem is not None
    keeping = None if command.no_keep else begin(prepared.problem, options)
    job = Job(prepared.problem, options, command, output, keeping, prepared.workshop)
    heading = [Line("model", Text(_NO_MODEL))] if uses_mutations(options) else []
    result, code = solve_job(job, heading or origin_lines(arguments, options))
    if arguments.apply and result.solved and result.answer:
        apply_to_checkout(prepared.workshop.sources.root, result.answer)
        if not command.quiet:
            error_console().print(Text(f"  {'applied':<10} to {options.path}", style="dim"))
    return code


def _options(arguments: argparse.Namespace) -> FixOptions:
    given: dict[str, Any] = {
        name: getattr(arguments, name, None)
        for name in FixOptions.declared
        if getattr(arguments, name, None) is not None
    }
    if "issue" in given:
        given["issue"] = _issue(given["issue"])
    options = FixOptions(**configured(given))
    if options.model is None and options.solver_model is None:
        options = replace(options, model=MUTATIONS)
    return replace(options, samples=options.candidates) if options.candidates else options


def _issue(given: str) -> str:
    """Return the text of an issue, which may be the name of a file."""
    try:
        is_file = len(given) < 1_000 and Path(given).is_file()
    except (OSError, ValueError):
        is_file = False
    text = read_text(given, "the issue") if is_file else given
    if not text.strip():
        raise InputError(f"the issue {printable(given)!r} is empty; say in words what is wrong.")
    return text
