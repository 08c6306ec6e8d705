"""`refinegraph solve`."""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from refinegraph.config import model_setting
from refinegraph.datasets import load_dataset, select_problems
from refinegraph.errors import InputError, ModelError
from refinegraph.report import report
from refinegraph.schema import Problem, RefinementResult
from refinegraph.solving import asolve
from refinegraph.view.console import error_console, output_console
from refinegraph.view.run_view import RunView, watch
from refinegraph.view.summary import answer_view, summary_view


def run(options: argparse.Namespace) -> int:
    """Solve one problem, show how, and return the exit code."""
    problem = read_problem(options)
    if options.output:
        check_writable(Path(options.output))
    view = RunView()
    quiet = options.quiet
    console = error_console()
    try:
        with watch(view, console, quiet=quiet):
            result = asyncio.run(_solve(problem, options, view))
    except KeyboardInterrupt:
        best = view.best()
        if best and best.content:
            console.print(f"interrupted; the best so far is candidate {best.id}:", markup=False)
            console.print(best.content, markup=False, highlight=False)
        raise
    check_answered(result)
    show(result, options)
    return 1 if result.solved is False or result.answer is None else 0


async def _solve(problem: Problem, options: argparse.Namespace, view: RunView) -> RefinementResult:
    return await asolve(
        problem,
        model=options.solver_model or options.model or model_setting(),
        reviewer_model=options.reviewer_model or options.model,
        refiner_model=options.refiner_model or options.model,
        tester_model=options.tester_model or options.model,
        strategy=options.strategy,
        samples=options.samples,
        rounds=options.rounds,
        temperature=options.temperature,
        seed=options.seed,
        trace=options.trace,
        api_base=options.api_base,
        budget_usd=options.budget_usd,
        budget_tokens=options.budget_tokens,
        timeout=options.timeout,
        on_event=view.hear,
    )


def read_problem(options: argparse.Namespace) -> Problem:
    """Return the problem that the arguments name, with the tests given for it."""
    tests = read_text(options.tests, "the tests") if options.tests else ""
    if options.dataset:
        if options.text:
            raise InputError("a problem was given twice, as TEXT and by --dataset; give one.")
        if options.id is None:
            raise InputError("--dataset was given without --id; name one problem of it.")
        chosen = next(select_problems(load_dataset(options.dataset), ids=[options.id]))
        problem = chosen.problem
        return problem.model_copy(update={"tests": tests}) if tests else problem
    if options.id is not None:
        raise InputError("--id was given without --dataset; name the file that it is in.")
    if options.text is None:
        raise InputError("no problem was given; pass it as TEXT, - to read it, or --dataset.")
    text = read_stdin() if options.text == "-" else options.text
    if not text.strip():
        raise InputError("the problem is empty; say in words what is to be solved.")
    return Problem(prompt=text, tests=tests)


def read_text(name: str, what: str) -> str:
    """Return a file's text; raises `InputError` where it cannot be had."""
    try:
        return Path(name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{what} in {name!r} are not UTF-8 text.") from None
    except OSError as error:
        raise InputError(f"{what} in {name!r} cannot be read: {error.strerror}.") from None


def read_stdin() -> str:
    """Return standard input as text."""
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("standard input is not UTF-8 text.") from None


def check_writable(path: Path) -> None:
    """Raise `InputError` unless the file can be written; nothing is changed."""
    folder = path.parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InputError(f"--output {str(path)!r} cannot be written; name a file in a folder.")


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, delete=False, encoding="utf-8", suffix=".part"
    ) as file:
        file.write(text)
    Path(file.name).replace(path)


def show(result: RefinementResult, options: argparse.Namespace) -> None:
    """Print the answer on standard output and the summary beside it."""
    shown = report(result).model_dump_json() if options.json else result.answer or ""
    if options.output:
        write(Path(options.output), shown + "\n")
    if options.json:
        print(shown)
        return
    if options.quiet:
        print(shown)
        return
    output_console().print(answer_view(result))
    error_console().print(summary_view(result))


def check_answered(result: RefinementResult) -> None:
    """Raise `ModelError` where no model said anything, or one kept failing unproved."""
    if result.solved:
        return
    if result.stop_reason.rule == "failed" or not result.candidates:
        raise ModelError(result.stop_reason.detail)
    if not any(each.text.strip() for each in result.candidates):
        raise ModelError(f"the model {result.models.solver!r} answered nothing.")
