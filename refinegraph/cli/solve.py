"""`refinegraph solve`."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from refinegraph.agents.models import run_scope
from refinegraph.cli.asking import asker
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
from refinegraph.cli.settings import limits_of, settings_of
from refinegraph.cli.store import store
from refinegraph.cli.watching import watched
from refinegraph.errors import InputError, ModelError
from refinegraph.graphs.strategies import find_strategy
from refinegraph.report import report
from refinegraph.running import Asker
from refinegraph.runs import RunSettings, UnfinishedRun
from refinegraph.schema import Problem, RefinementResult
from refinegraph.solving import asolve
from refinegraph.view.console import error_console, output_console
from refinegraph.view.limits import Limits
from refinegraph.view.run_view import RunView, watch
from refinegraph.view.summary import answer_view, content_view, summary_view
from refinegraph.view.text import cut
from refinegraph.view.transcript import Line


def run(options: argparse.Namespace) -> int:
    """Solve one problem, show how, and return the exit code."""
    find_strategy(options.strategy)
    problem = read_problem(options)
    settings = settings_of(options)
    output = OutputFile(options.output) if options.output else None
    keeping = None if options.no_keep else _begin(problem, settings)
    heading = [problem_line(problem)]
    if nobody_chose(options):
        heading.insert(0, Line("model", Text(EMBEDDED_NOTE.removeprefix("model: "))))
    return solve(Job(problem, settings, options, output, keeping), heading)


def _begin(problem: Problem, settings: RunSettings) -> UnfinishedRun | None:
    """Begin to keep a run; where that cannot be, say so and solve all the same."""
    try:
        return store().begin(problem, settings)
    except InputError as error:
        error_console().print(Text(f"  {error}", style="yellow"), soft_wrap=True)
        return None


class Job(NamedTuple):
    """A run that is to begin, or to go on."""

    problem: Problem
    settings: RunSettings
    options: argparse.Namespace
    """How it is shown, logged and cached."""
    output: OutputFile | None
    keeping: UnfinishedRun | None
    """Where it is kept while it goes on; None where nothing is."""

    @property
    def limits(self) -> Limits:
        """What it may spend."""
        return Limits(
            tokens=self.settings.budget_tokens,
            usd=self.settings.budget_usd,
            calls=self.settings.budget_calls,
            seconds=self.settings.timeout,
        )


def solve(job: Job, heading: list[Line]) -> int:
    """Solve a problem, or go on with it; show how; return the exit code.

    What is kept of a run that does not end stays, unless no model answered.
    """
    settings, options, keeping = job.settings, job.options, job.keeping
    console, view = error_console(), RunView(job.limits)
    try:
        answering = asker(console) if settings.ask else None
        with watch(view, console, quiet=options.quiet, plain=bool(settings.ask)):
            models = resolve_models(settings)
            view.tell(heading, True)
            result = asyncio.run(_solve(job, models, view, answering))
    except (KeyboardInterrupt, asyncio.CancelledError):
        show_best(view, console)
        _let_go(keeping, console)
        raise KeyboardInterrupt from None
    except BaseException:
        _let_go(keeping, console)
        raise
    show(result, options, job.output)
    if keeping:
        _keep(keeping, result, console, quiet=options.quiet)
    return exit_code(result)


def _let_go(keeping: UnfinishedRun | None, console: Console) -> None:
    """Leave what a run can go on from, where there is anything."""
    if keeping is None:
        return
    if not keeping.has_answers and keeping.record.settings.cache is None:
        keeping.forget()
        return
    keeping.release()
    hint = f"  {'kept':<10} go on with: refinegraph resume {keeping.record.id}"
    console.print(Text(hint, style="bold"), soft_wrap=True)


def _keep(
    keeping: UnfinishedRun, result: RefinementResult, console: Console, *, quiet: bool
) -> None:
    try:
        kept = store().finish(keeping, result)
    except InputError as error:
        keeping.release()
        console.print(Text(f"  {error}", style="yellow"), soft_wrap=True)
        return
    if not quiet:
        console.print(Text(f"  {'kept':<10} {kept.id}: refinegraph view last", style="dim"))


def problem_line(problem: Problem) -> Line:
    """Return the line of the transcript that names a problem."""
    named = "" if problem.id == Problem(prompt="").id else f"{problem.id}: "
    return Line("problem", Text(cut(f"{named}{_gist(problem)}", 200), style="bold"))


def _gist(problem: Problem) -> str:
    """Return the first words of a statement, past the code that precedes them."""
    docstrings = problem.prompt.split('"""')[1::2] if problem.preamble else []
    return docstrings[-1] if docstrings else problem.prompt


async def _solve(
    job: Job, models: Models, view: RunView, answering: Asker | None
) -> RefinementResult:
    settings, options, keeping = job.settings, job.options, job.keeping
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(keeping.parts()) if keeping else None
        shared = stack.enter_context(call_cache(options))
        stack.enter_context(watched(options))
        stack.enter_context(run_scope(in_flight=limits_of(settings)))
        return await asolve(
            job.problem,
            model=models.solver,
            reviewer_model=models.reviewer,
            refiner_model=models.refiner,
            tester_model=models.tester,
            strategy=settings.strategy,
            samples=settings.samples,
            rounds=settings.rounds,
            temperature=settings.temperature,
            seed=settings.seed,
            trace=settings.trace,
            budget_usd=settings.budget_usd,
            budget_tokens=settings.budget_tokens,
            budget_calls=settings.budget_calls,
            timeout=settings.timeout,
            price=settings.price,
            belief=belief_map(settings.belief),
            cache=shared or (parts.cache if parts else None),
            checkpointer=parts.checkpointer if parts else None,
            run_id=keeping.record.id if keeping else None,
            ask=settings.ask,
            on_question=answering,
            on_event=view.hear,
            stream=view.streams,
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
