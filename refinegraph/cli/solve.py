"""`refinegraph solve`."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console
from rich.text import Text

from refinegraph.cli.asking import asker
from refinegraph.cli.files import OutputFile
from refinegraph.cli.given_options import command_options, run_options
from refinegraph.cli.observers import watched
from refinegraph.cli.origins import origin_lines
from refinegraph.cli.problems import read_problem
from refinegraph.cli.showing import deliver, show_answer, show_best, show_summary
from refinegraph.errors import InputError, ModelError
from refinegraph.graphs.strategies import find_strategy
from refinegraph.options import CommandOptions, RunOptions
from refinegraph.options.config import unconfirmed_places
from refinegraph.options.solve_options import InterruptHandler
from refinegraph.runs import RunStore, UnfinishedRun
from refinegraph.runs.planning import Models, resolve_models
from refinegraph.runs.report import report
from refinegraph.runs.solving import solve_options, solve_with
from refinegraph.schema import Problem, RefinementResult
from refinegraph.support.blocking import run_sync
from refinegraph.terminal.console import error_console, say
from refinegraph.terminal.limits import Limits
from refinegraph.terminal.repair_advice import repair_advice
from refinegraph.terminal.run_view import RunView, watch
from refinegraph.terminal.small_model import advice
from refinegraph.terminal.text import cut
from refinegraph.terminal.transcript import Line
from refinegraph.terminal.waiting import patiently
from refinegraph.wording import outcome_word

if TYPE_CHECKING:
    from refinegraph.fixing.workshop import Workshop

__all__ = ["Job", "problem_line", "run", "show_answer", "show_summary", "solve"]


class Job(NamedTuple):
    """A run to begin or to continue."""

    problem: Problem
    options: RunOptions
    command: CommandOptions
    """What to print and log."""
    output: OutputFile | None
    keeping: UnfinishedRun | None
    """The stored run, or None if the run is not stored."""
    workshop: "Workshop | None" = None
    """The checkout of a repair, with its baseline."""

    @property
    def limits(self) -> Limits:
        """The limits of the run."""
        return Limits(
            tokens=self.options.budget_tokens,
            usd=self.options.budget_usd,
            calls=self.options.budget_calls,
            seconds=self.options.timeout,
        )


def run(arguments: argparse.Namespace) -> int:
    """Solve one problem, show the run, and return the exit code."""
    options, command = run_options(arguments), command_options(arguments)
    find_strategy(options.strategy)
    named = read_problem(arguments)
    problem = named.problem
    output = OutputFile(command.output) if command.output else None
    keeping = None if command.no_keep else begin(problem, options)
    heading = [*origin_lines(arguments, options), problem_line(problem), *named.kind_lines]
    return solve(Job(problem, options, command, output, keeping), heading)


def begin(problem: Problem, options: RunOptions) -> UnfinishedRun | None:
    """Begin to keep a run; if that fails, say so and solve the problem anyway."""
    try:
        return RunStore.of_user().begin(problem, options)
    except InputError as error:
        say(error_console(), f"  {error}", "yellow")
        return None


def solve(job: Job, heading: list[Line]) -> int:
    """Begin or continue a run, show it, and return the exit code."""
    return solve_job(job, heading)[1]


def solve_job(job: Job, heading: list[Line]) -> tuple[RefinementResult, int]:
    """Begin or continue a run, show it, and return the result and the exit code.

    The record of an interrupted run stays, unless no model answered yet.
    """
    console, view = error_console(), RunView(job.limits)
    plain = bool(job.options.ask)
    try:
        answering = asker(console) if job.options.ask else None
        models = None if job.problem.repository else _resolved(job)
        with watch(view, console, quiet=job.command.quiet, plain=plain):
            view.tell(heading, True)
            result = run_sync(_solve(job, models, view, answering))
    except (KeyboardInterrupt, asyncio.CancelledError):
        show_best(view, console)
        _leave_resumable(job, console)
        raise KeyboardInterrupt from None
    except BaseException:
        _leave_resumable(job, console)
        raise
    conclude(job, result, console)
    return result, exit_code(result)


def _resolved(job: Job) -> Models:
    """Return the models of a run, showing a spinner while their clients are imported."""
    return patiently(
        partial(resolve_models, job.options),
        "loading the client of the model",
        quiet=job.command.quiet,
    )


def conclude(job: Job, result: RefinementResult, console: Console) -> None:
    """Keep a run, then print its answer and the summary."""
    kept = _keep(job.keeping, result, console) if job.keeping else None
    command = job.command
    refuted_patch = job.problem.repository and result.solved is False
    answer = None if refuted_patch else result.answer
    text = report(result).model_dump_json() if command.json else answer
    exact = None if text is None else text.rstrip("\n") + "\n"
    deliver(result, exact, output=job.output, json=command.json, quiet=command.quiet, kept=kept)
    if command.quiet:
        return
    show_summary(result, console)
    if kept:
        console.print(Text(f"  {'kept':<10} {kept}: refinegraph view last", style="dim"))
    words = (
        repair_advice(result, job.problem)
        or advice(result, job.options, flag="-m")
        or _how_to_check(result, job.problem)
    )
    if words:
        say(console, f"\n{words}", "yellow")


def _how_to_check(result: RefinementResult, problem: Problem) -> str:
    """Return how an unchecked program could have been checked; empty if it was."""
    if problem.kind != "code" or outcome_word(result) != "unverified":
        return ""
    return (
        "No test of yours checked this program. Add examples to the problem, such as f(1) == 2, or "
        "pass tests in a file with --tests FILE."
    )


def _keep(keeping: UnfinishedRun, result: RefinementResult, console: Console) -> str | None:
    """Keep a finished run and return its id; None if it cannot be kept."""
    try:
        return RunStore.of_user().finish(keeping, result).id
    except InputError as error:
        keeping.release()
        say(console, f"  {error}", "yellow")
        return None


def _leave_resumable(job: Job, console: Console) -> None:
    """Keep the record of an interrupted run if there is anything to resume from."""
    keeping = job.keeping
    if keeping is None:
        return
    answered = keeping.has_answers or job.problem.repository or job.options.cache is not None
    if not answered:
        keeping.forget()
        return
    keeping.release()
    confirmed = " --as-recorded" if unconfirmed_places(job.options) else ""
    hint = f"  {'kept':<10} continue with: refinegraph resume {keeping.record.id}{confirmed}"
    console.print(Text(hint, style="bold"), soft_wrap=True)


def problem_line(problem: Problem) -> Line:
    """Return the transcript line that names a problem."""
    named = "" if problem.id == Problem(prompt="").id else f"{problem.id}: "
    return Line("problem", Text(cut(f"{named}{_gist(problem)}", 200), style="bold"))


def _gist(problem: Problem) -> str:
    """Return the first words of a statement, skipping code before them."""
    docstrings = problem.prompt.split('"""')[1::2] if problem.preamble else []
    return docstrings[-1] if docstrings else problem.prompt


async def _solve(
    job: Job, models: Models | None, view: RunView, answering: InterruptHandler | None
) -> RefinementResult:
    keeping, options = job.keeping, replace(job.options, kind=None)
    python: dict[str, Any] = {
        "on_question": answering,
        "on_event": view.handle,
        "stream": view.streams,
    }
    async with AsyncExitStack() as stack:
        if keeping:
            parts = await stack.enter_async_context(keeping.parts())
            python |= {"checkpointer": parts.checkpointer, "run_id": keeping.record.id}
            if options.cache is None and options.replay is None:
                python["cache"] = parts.cache
        stack.enter_context(watched(job.command))
        if job.problem.repository:
            from refinegraph.fixing.running import repair_with

            return await repair_with(options, job.problem, workshop=job.workshop, **python)
        learn = options.learn or ("run" if job.command.no_keep else "keep")
        chosen = replace(options, learn=learn)
        return await solve_with(solve_options(job.problem, chosen, **python), models=models)


def exit_code(result: RefinementResult) -> int:
    """Return 1 for a refuted answer, else 0.

    Raises `InputError` if the budget did not suffice for a single call, and `ModelError` if no
    model gave a usable answer or the run ended because one kept failing.
    """
    if result.solved:
        return 0
    model = result.models.solver or "the model"
    if result.stop_reason.rule == "failed":
        raise ModelError(result.stop_reason.detail)
    if not result.candidates and any(failed.kind == "budget" for failed in result.failures):
        raise InputError(f"no call was made: {result.stop_reason.detail}; allow more.")
    if result.answer is None:
        raise ModelError(f"{model} gave no usable answer: {_why_unusable(result)}.")
    return 1 if result.solved is False else 0


def _why_unusable(result: RefinementResult) -> str:
    """Return the reason as a clause, which the caller ends with a full stop."""
    if not result.candidates:
        reason = result.stop_reason.detail
    elif not any(candidate.text.strip() for candidate in result.candidates):
        reason = "its answers were empty"
    else:
        reasons = (candidate.unusable for candidate in result.candidates if candidate.unusable)
        reason = next(reasons, "no answer could be read from what it wrote")
    return cut(reason.rstrip(" ."), 300)
