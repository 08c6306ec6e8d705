"""`refinegraph eval`."""

import argparse
import asyncio
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from refinegraph.agents.models import CallCache, model_name
from refinegraph.agents.models.redaction import redact
from refinegraph.blocking import run_sync
from refinegraph.cli.models import origin_line, server_of
from refinegraph.cli.settings import command_options, run_options
from refinegraph.cli.summaries import BELOW, is_below, show_summary
from refinegraph.cli.watching import watched
from refinegraph.datasets import load_dataset, select_problems
from refinegraph.errors import InputError, ModelError
from refinegraph.evaluation.figures import Summary
from refinegraph.evaluation.fitting import fit_from_runs
from refinegraph.evaluation.folder import (
    CALLS,
    EvaluationFolder,
    EvaluationSettings,
    read_runs,
)
from refinegraph.evaluation.progress import Progress, shown_progress
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.running import Evaluation
from refinegraph.evaluation.summary import summarise
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.stopping import budget
from refinegraph.graphs.strategies import Plan, build_strategy, find_strategy
from refinegraph.options import RunOptions
from refinegraph.pages.evaluation import evaluation_page
from refinegraph.planning import Models, ledger_of, plan_of, rate_limits_of, resolve_models
from refinegraph.schema import Kind, LabelledProblem
from refinegraph.solving import call_cache
from refinegraph.tools.sandbox import Sandbox
from refinegraph.view.console import error_console
from refinegraph.view.run_view import print_lines

LONGER = "single-long"
"""`single` with twice the longest answer: what more words alone would do."""
SUMMARY, PAGE = "summary.json", "report.html"


def run(options: argparse.Namespace) -> int:
    """Evaluate strategies over a data set, write the results as they come, and compare them.

    1 where `--fail-under` was not reached.
    """
    chosen = run_options(options)
    strategies = _strategies(options, chosen)
    total = sum(1 for _ in _problems(options))
    if total == 0:
        raise InputError(f"{options.dataset} has no problem that was asked for.")
    models = resolve_models(chosen)
    settings = EvaluationSettings.of(
        Path(options.dataset),
        strategies=strategies,
        models=[model_name(model) if model else "" for model in models],
        options=chosen,
    )
    folder = EvaluationFolder(Path(options.out), settings, resume=options.resume)
    console = error_console()
    if options.api_base is None and (server := server_of(chosen)):
        print_lines(console, [origin_line("server", server)])
    progress = Progress(strategies, total=total * len(strategies), before=len(folder.done))
    try:
        with (
            shown_progress(progress, console),
            _cache(chosen, folder) as cache,
            watched(command_options(options)),
        ):
            run_sync(_run(options, chosen, strategies, models, folder, progress, cache))
        if progress.done == progress.total:
            folder.forget_calls()
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say_how_to_go_on(console, options, progress)
        raise KeyboardInterrupt from None
    finally:
        folder.close()
    return _conclude(options, strategies, progress, console)


@contextmanager
def _cache(options: RunOptions, folder: EvaluationFolder) -> Generator[CallCache]:
    """Open the cache that the arguments name, else the folder's own."""
    with call_cache(options) as shared:
        if shared:
            yield shared
            return
        with closing(CallCache(folder.path / CALLS)) as own:
            yield own


def _conclude(
    options: argparse.Namespace, strategies: list[str], progress: Progress, console: Console
) -> int:
    summary = write_summary(Path(options.out), strategies)
    show_summary(summary)
    if progress.failed:
        reason = progress.failures[-1].reason
        console.print(Text(f"{progress.failed} runs failed and do not count: {reason}", "red"))
        _say_how_to_go_on(console, options, progress)
    if options.fit:
        found = fit_from_runs(read_runs(Path(options.out)))
        found.save(Path(options.fit))
        console.print(Text(f"belief: {options.fit}, for --belief", style="dim"), soft_wrap=True)
    if progress.done + progress.failed < progress.total:
        console.print(Text("the budget is spent", style="yellow"))
        _say_how_to_go_on(console, options, progress)
    console.print(Text(f"report: {Path(options.out) / PAGE}", style="dim"), soft_wrap=True)
    last = progress.failures[-1] if progress.failures else None
    if last and not progress.done and not last.by_budget:
        raise ModelError(last.reason)
    return BELOW if is_below(summary, options.fail_under) else 0


def write_summary(folder: Path, strategies: list[str]) -> Summary:
    """Count what is in a folder and write `summary.json` and `report.html`."""
    summary = summarise(read_runs(folder), strategies=strategies)
    (folder / SUMMARY).write_text(summary.model_dump_json(indent=2) + "\n", encoding="utf-8")
    with (folder / PAGE).open("w", encoding="utf-8") as file:
        file.writelines(evaluation_page(summary, read_runs(folder), title=folder.name))
    return summary


async def _run(
    options: argparse.Namespace,
    chosen: RunOptions,
    strategies: list[str],
    models: Models,
    folder: EvaluationFolder,
    progress: Progress,
    cache: CallCache,
) -> None:
    own = cache.path == folder.path / CALLS
    async with Sandbox() as sandbox:
        limit = budget(seconds=chosen.timeout) if chosen.timeout else None
        plan = plan_of(chosen, kind=_kind(options), models=models, limit=limit, sandbox=sandbox)
        graphs = {name: _graph(name, plan) for name in strategies}
        ledger = ledger_of(chosen)
        if ledger:
            ledger.carry(folder.spent)
        evaluation = Evaluation(
            graphs,
            sandbox,
            in_flight=rate_limits_of(chosen, concurrency=options.concurrency),
            timeout=chosen.timeout,
            cache=cache,
            shares_answers=not own,
            ledger=ledger,
        )
        async for outcome in evaluation.run(
            _problems(options), done=lambda key: key in folder.done
        ):
            if isinstance(outcome, RunLine):
                folder.add(outcome)
            progress.add(outcome)


def _graph(name: str, plan: Plan) -> RefinementGraph:
    if name != LONGER:
        return build_strategy(name, plan)
    return build_strategy("single", replace(plan, max_tokens=2 * (plan.max_tokens or 0)))


def _kind(options: argparse.Namespace) -> Kind:
    return next(_problems(options)).problem.kind


def _problems(options: argparse.Namespace) -> Iterator[LabelledProblem]:
    return select_problems(
        load_dataset(options.dataset),
        limit=options.limit,
        ids=options.ids.split(",") if options.ids else None,
        shuffle_seed=(run_options(options).seed or 0) if options.shuffle else None,
    )


def _strategies(options: argparse.Namespace, chosen: RunOptions) -> list[str]:
    names = [each.strip() for each in chosen.strategy.split(",") if each.strip()]
    if not names:
        raise InputError("--strategy names no strategy; give one or more, joined by commas.")
    asked = [find_strategy(each).name for each in names]
    if options.baselines:
        longer = [LONGER] if chosen.max_tokens else []
        asked = ["single", *longer, "self-consistency", "best-of-n", *asked]
    return list(dict.fromkeys(asked))


def _say_how_to_go_on(console: Console, options: argparse.Namespace, progress: Progress) -> None:
    done = f"{progress.done} of {progress.total} runs are in {options.out}"
    words = " ".join(sys.argv[1:])
    again = words if "--resume" in words else f"{words} --resume"
    console.print(Text(f"{done}; go on with: refinegraph {redact(again)}"), soft_wrap=True)
