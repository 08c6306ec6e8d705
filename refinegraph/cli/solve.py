"""`refinegraph solve`."""

import argparse
import asyncio
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from refinegraph.cli.cache import call_cache
from refinegraph.cli.files import OutputFile, print_exactly
from refinegraph.cli.models import (
    EMBEDDED_NOTE,
    Models,
    belief_map,
    nobody_chose,
    resolve_models,
)
from refinegraph.cli.problems import read_problem
from refinegraph.errors import InputError, ModelError
from refinegraph.graphs.strategies import find_strategy
from refinegraph.report import report
from refinegraph.schema import Problem, RefinementResult
from refinegraph.solving import asolve
from refinegraph.view.console import error_console, output_console
from refinegraph.view.run_view import RunView, watch
from refinegraph.view.summary import answer_view, content_view, summary_view
from refinegraph.view.text import cut
from refinegraph.view.transcript import Line

if TYPE_CHECKING:
    from refinegraph.agents.models import CallCache


def run(options: argparse.Namespace) -> int:
    """Solve one problem, show how, and return the exit code."""
    find_strategy(options.strategy)
    problem = read_problem(options)
    output = OutputFile(options.output) if options.output else None
    console, view = error_console(), RunView()
    try:
        with watch(view, console, quiet=options.quiet):
            models = resolve_models(options)
            if nobody_chose(options):
                view.tell([Line("model", Text(EMBEDDED_NOTE.removeprefix("model: ")))], True)
            view.tell([_heading(problem)], True)
            with call_cache(options) as cache:
                result = asyncio.run(_solve(problem, options, models, view, cache))
    except (KeyboardInterrupt, asyncio.CancelledError):
        show_best(view, console)
        raise KeyboardInterrupt from None
    show(result, options, output)
    if not options.no_keep:
        _keep(problem, result, console, quiet=options.quiet)
    return exit_code(result)


def _keep(problem: Problem, result: RefinementResult, console: Console, *, quiet: bool) -> None:
    from refinegraph.cli.runs import store

    try:
        kept = store().add(problem, result)
    except InputError as error:
        console.print(Text(f"  {error}", style="yellow"), soft_wrap=True)
        return
    if not quiet:
        console.print(Text(f"  {'kept':<10} {kept.id}: refinegraph view last", style="dim"))


def _heading(problem: Problem) -> Line:
    named = "" if problem.id == Problem(prompt="").id else f"{problem.id}: "
    return Line("problem", Text(cut(f"{named}{_gist(problem)}", 200), style="bold"))


def _gist(problem: Problem) -> str:
    """Return the first words of a statement, past the code that precedes them."""
    docstrings = problem.prompt.split('"""')[1::2] if problem.preamble else []
    return docstrings[-1] if docstrings else problem.prompt


async def _solve(
    problem: Problem,
    options: argparse.Namespace,
    models: Models,
    view: RunView,
    cache: "CallCache | None",
) -> RefinementResult:
    return await asolve(
        problem,
        model=models.solver,
        reviewer_model=models.reviewer,
        refiner_model=models.refiner,
        tester_model=models.tester,
        strategy=options.strategy,
        samples=options.samples,
        rounds=options.rounds,
        temperature=options.temperature,
        seed=options.seed,
        trace=options.trace,
        budget_usd=options.budget_usd,
        budget_tokens=options.budget_tokens,
        timeout=options.timeout,
        price=options.price,
        belief=belief_map(options),
        cache=cache,
        on_event=view.hear,
    )


def exit_code(result: RefinementResult) -> int:
    """Return 0 for a run that was not refuted and 1 for one that was.

    Raises `ModelError` where no model gave anything usable, or the run ended because one kept
    failing.
    """
    if result.solved:
        return 0
    model = result.models.solver or "the model"
    if result.stop_reason.rule == "failed":
        raise ModelError(result.stop_reason.detail)
    if result.answer is None:
        raise ModelError(f"{model} gave no usable answer: {_why_unusable(result)}.")
    return 1 if result.solved is False else 0


def _why_unusable(result: RefinementResult) -> str:
    if not result.candidates:
        return cut(result.stop_reason.detail, 300)
    if not any(each.text.strip() for each in result.candidates):
        return "it answered nothing"
    reasons = (each.unusable for each in result.candidates if each.unusable)
    return cut(next(reasons, "nothing could be read from what it wrote").rstrip("."), 300)


def show(result: RefinementResult, options: argparse.Namespace, output: OutputFile | None) -> None:
    """Print the answer on standard output and the summary beside it."""
    text = report(result).model_dump_json() if options.json else result.answer
    exact = None if text is None else text.rstrip("\n") + "\n"
    if output and exact:
        output.write(exact)
    show_answer(result, exact, json=options.json, quiet=options.quiet)
    if not options.quiet:
        show_summary(result, error_console())


def show_answer(
    result: RefinementResult, exact: str | None, *, json: bool = False, quiet: bool = False
) -> None:
    """Print the answer: highlighted on a terminal, exactly as it is anywhere else."""
    console = output_console()
    if exact is None:
        return
    if json or quiet or not console.is_terminal:
        print_exactly(exact, encoding="utf-8" if json else None)
        return
    console.print()
    console.print(answer_view(result), soft_wrap=True)


def show_summary(result: RefinementResult, console: Console) -> None:
    """Print what was proved and what it cost."""
    console.print()
    width = console.width if console.is_terminal else None
    console.print(summary_view(result, width=width), soft_wrap=True)


def show_best(view: RunView, console: Console) -> None:
    """Print the best candidate so far of a run that was interrupted."""
    best = view.state.best
    if best is None:
        return
    console.print()
    console.print(Text(f"  stopped; the best so far is candidate {best.id}:", style="bold"))
    console.print()
    console.print(content_view(best), soft_wrap=True)
