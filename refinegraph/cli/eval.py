"""`refinegraph eval`."""

import argparse
import asyncio
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from refinegraph.agents.models import CallCache, model_name
from refinegraph.batches.cluster_settings import cluster_settings
from refinegraph.cli.files import print_exactly
from refinegraph.cli.given_options import command_options, run_options
from refinegraph.cli.observers import watched
from refinegraph.cli.origins import origin_line, server_of
from refinegraph.cli.reference_check import faulty_problems, report_bad
from refinegraph.cli.resume_hints import resume_command
from refinegraph.cli.showing import json_for
from refinegraph.cli.summaries import code_for, show_failures, show_summary
from refinegraph.datasets import BadRecord, load_dataset, select_problems
from refinegraph.errors import InputError, RefinegraphError
from refinegraph.evaluation.failures import error_for
from refinegraph.evaluation.fitting import fit_from_runs
from refinegraph.evaluation.judging import require_sandbox
from refinegraph.evaluation.merging import SUMMARY
from refinegraph.evaluation.metrics import LeftOut, Summary
from refinegraph.evaluation.results_dir import (
    CALLS,
    EvaluationFolder,
    mark_ended,
    read_results,
    read_runs,
    read_settings,
)
from refinegraph.evaluation.running import LONGER, Evaluation, evaluated_graphs
from refinegraph.evaluation.settings import EvaluationSettings
from refinegraph.evaluation.summary import summarise
from refinegraph.graphs.strategies import find_strategy
from refinegraph.html.evaluation import evaluation_facts, evaluation_page, evaluation_title
from refinegraph.options import RunOptions
from refinegraph.runs.planning import (
    Models,
    learned_rates,
    ledger_of,
    plan_of,
    rate_limits_of,
    resolve_models,
)
from refinegraph.runs.solving import call_cache
from refinegraph.schema import Kind, LabelledProblem
from refinegraph.support.blocking import run_sync
from refinegraph.support.json_text import json_text
from refinegraph.support.private_files import write_private
from refinegraph.support.shards import WHOLE, Shard
from refinegraph.terminal.console import error_console, say
from refinegraph.terminal.evaluation_progress import Progress, shown_progress
from refinegraph.terminal.run_view import print_lines
from refinegraph.terminal.text import printable
from refinegraph.tools.sandbox import Sandbox
from refinegraph.wording import plural

BASELINES = ("self-consistency", "best-of-n", "sample-until")
"""Strategies that only sample. Repairs have to beat the last one to be worth anything."""
PAGE = "report.html"


def run(options: argparse.Namespace) -> int:
    """Evaluate strategies on a dataset, write results as they finish, and compare them.

    Returns 0 if some runs have results, 1 below `--fail-under`, 2 for bad input, 3 if no model
    answered and 4 if no program could be run.
    """
    chosen = run_options(options)
    strategies = _strategies(options, chosen)
    bad: list[BadRecord] = []
    keys = [
        (labelled.problem.id, name) for labelled in _problems(options, bad) for name in strategies
    ]
    if not keys and options.shard is None:
        raise InputError(f"{options.dataset} has none of the problems that were asked for.")
    models = resolve_models(chosen)
    settings = EvaluationSettings.of(
        Path(options.dataset),
        strategies=strategies,
        models=[model_name(model) if model else "" for model in models],
        options=chosen,
        reference_check=options.reference_check,
        shard=str(options.shard or ""),
    )
    folder = EvaluationFolder(Path(options.out), settings, resume=options.resume)
    console = error_console()
    if options.api_base is None and (server := server_of(chosen)):
        print_lines(console, [origin_line("server", server)])
    before = sum(map(folder.is_done, keys))
    progress = Progress(strategies, total=len(keys), before=before)
    left_out = report_bad(bad, console)
    job = _Job(options, chosen, strategies, models, folder, console, progress, left_out)
    try:
        _evaluate(job)
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say_how_to_continue(job)
        raise KeyboardInterrupt from None
    except RefinegraphError:
        if job.progress.done:
            with suppress(RefinegraphError):  # the first error is the one to report
                _conclude(job)
        raise
    finally:
        folder.close()
    return _conclude(job)


@dataclass
class _Job:
    """One evaluation."""

    options: argparse.Namespace
    """The arguments: dataset, folder, selection of problems."""
    chosen: RunOptions
    """The options of every run."""
    strategies: list[str]
    models: Models
    folder: EvaluationFolder
    console: Console
    progress: Progress
    left_out: tuple[LeftOut, ...] = ()

    @property
    def path(self) -> Path:
        """The folder of the results."""
        return self.folder.path


def _evaluate(job: _Job) -> None:
    """Run every problem that has no result yet."""
    if not job.progress.total:  # more shards than problems
        return
    with (
        _cache(job.chosen, job.folder) as cache,
        watched(command_options(job.options)),
    ):
        run_sync(_run(job, cache))
    if job.progress.done == job.progress.total:
        job.folder.forget_calls()


@contextmanager
def _cache(options: RunOptions, folder: EvaluationFolder) -> Generator[CallCache]:
    """Open the cache that the arguments name, else the one in the folder."""
    with call_cache(options) as shared:
        if shared:
            yield shared
            return
        with closing(CallCache(folder.path / CALLS)) as own:
            yield own


def _conclude(job: _Job) -> int:
    """Summarise the results, print and write the summary, and return the exit code."""
    options, progress, console = job.options, job.progress, job.console
    summary = write_summary(job.path, job.strategies, left_out=job.left_out)
    if options.json:
        print_exactly(json_for(json_text(summary, indent=2) + "\n"))
    else:
        show_summary(summary)
    show_failures(progress.failures, console)
    missing = progress.total - progress.done - progress.failed
    if not missing:
        mark_ended(job.path)
    if missing:
        runs = plural(missing, "run")
        sentence = f"{printable(progress.budget_spent)}; {runs} left for a larger budget"
        say(console, sentence, "yellow")
    if missing or progress.failed:
        _say_how_to_continue(job)
    say(console, f"report: {job.path / PAGE}", "dim")
    if progress.failures.last and not progress.done:
        raise error_for(progress.failures.last)
    if options.fit:
        fit_from_runs(read_runs(job.path)).save(Path(options.fit))
        console.print(
            Text(f"calibration: {options.fit}, for --calibration", style="dim"), soft_wrap=True
        )
    return code_for(summary, options.fail_under, console)


def write_summary(
    folder: Path, strategies: list[str], *, left_out: Sequence[LeftOut] = ()
) -> Summary:
    """Summarise the results in a folder as `summary.json` and `report.html`."""
    summary = summarise(
        read_runs(folder),
        strategies=strategies,
        errors=(line for line in read_results(folder) if line.error),
        left_out=left_out,
    )
    settings = read_settings(folder)
    facts = (f"folder {folder.resolve().name}", *evaluation_facts(settings, finished=time.time()))
    title = evaluation_title(settings)
    page = evaluation_page(summary, read_runs(folder), title=title, facts=facts)
    try:
        write_private(folder / SUMMARY, [json_text(summary, indent=2), "\n"])
        write_private(folder / PAGE, page)
    except OSError as error:
        raise InputError(
            f"the summary cannot be written to {str(folder)!r}: {error.strerror}."
        ) from None
    return summary


async def _run(job: _Job, cache: CallCache) -> None:
    options = job.options
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox())
        if _kind(options) == "code":
            await require_sandbox(sandbox)
        if options.reference_check:
            job.left_out += await faulty_problems(_problems(options), sandbox, job.console)
        evaluation = await _evaluation(job, stack, sandbox, cache)
        with shown_progress(job.progress, job.console):
            async for outcome in evaluation.run(_sound(job), done=job.folder.is_done):
                job.folder.add(outcome)
                job.progress.add(outcome)


async def _evaluation(
    job: _Job, stack: AsyncExitStack, sandbox: Sandbox, cache: CallCache
) -> Evaluation:
    """Return the evaluation, whose graphs are built in this process or on the cluster."""
    options, chosen = job.options, job.chosen
    cluster = cluster_settings(options.cluster, options.workers_per_node)
    if cluster:
        from refinegraph.batches.cluster import cluster_evaluation

        return await stack.enter_async_context(
            cluster_evaluation(
                cluster,
                chosen,
                job.strategies,
                kind=_kind(options),
                concurrency=options.concurrency,
                spent=job.folder.spent,
                calls=job.path / CALLS,
            )
        )
    rates = stack.enter_context(learned_rates(chosen, job.models))
    plan = plan_of(chosen, kind=_kind(options), models=job.models, sandbox=sandbox, rates=rates)
    ledger = ledger_of(chosen)
    if ledger:
        ledger.add_prior(job.folder.spent)
    return Evaluation(
        evaluated_graphs(job.strategies, plan),
        sandbox,
        rate_limits=rate_limits_of(chosen, concurrency=options.concurrency),
        timeout=chosen.timeout,
        cache=cache,
        shares_answers=cache.path != job.path / CALLS,
        ledger=ledger,
    )


def _sound(job: _Job) -> Iterator[LabelledProblem]:
    """Yield the problems whose tests can judge an answer, and set the total accordingly."""
    faulty = {problem.problem_id for problem in job.left_out}
    left = sum(1 for labelled in _problems(job.options) if labelled.problem.id not in faulty)
    if not left:
        raise InputError(f"{job.options.dataset} has no problem whose tests can judge an answer.")
    job.progress.total = left * len(job.strategies)
    return (labelled for labelled in _problems(job.options) if labelled.problem.id not in faulty)


def _kind(options: argparse.Namespace) -> Kind:
    return next(_problems(options)).problem.kind


def _problems(
    options: argparse.Namespace, bad: list[BadRecord] | None = None
) -> Iterator[LabelledProblem]:
    """Yield the selected problems; records that cannot be read are added to `bad`."""
    unreadable = bad if bad is not None else []
    chosen = select_problems(
        load_dataset(options.dataset, bad_records=unreadable),
        bad_records=unreadable,
        limit=options.limit,
        ids=options.ids.split(",") if options.ids else None,
        shuffle_seed=(run_options(options).seed or 0) if options.shuffle else None,
    )
    shard: Shard = options.shard or WHOLE
    return (labelled for position, labelled in enumerate(chosen) if shard.holds(position))


def _strategies(options: argparse.Namespace, chosen: RunOptions) -> list[str]:
    names = [name.strip() for name in chosen.strategy.split(",") if name.strip()]
    if not names:
        raise InputError("--strategy is empty; name one or more strategies, joined by commas.")
    strategies = [find_strategy(name).name for name in names]
    if options.baselines:
        longer = [LONGER] if chosen.max_tokens else []
        strategies = ["single", *longer, *BASELINES, *strategies]
    return list(dict.fromkeys(strategies))


def _say_how_to_continue(job: _Job) -> None:
    done = f"{job.progress.done} of {job.progress.total} runs are in {job.path}"
    job.console.print(Text(f"{done}; continue with: {resume_command()}"), soft_wrap=True)
