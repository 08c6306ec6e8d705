"""`refinegraph batch`."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from rich.console import Console

from refinegraph.batches.cluster_settings import cluster_settings
from refinegraph.batches.inputs import Reading, read_items
from refinegraph.batches.options import CONCURRENCY, PROVIDER_CONCURRENCY
from refinegraph.batches.output import FileOutput, Output, StreamOutput, state_folder
from refinegraph.batches.parquet_output import lines_of, open_output
from refinegraph.batches.records import BatchItem
from refinegraph.batches.settings import BatchSettings
from refinegraph.batches.solving import BatchWork, of_shard
from refinegraph.cli.given_options import command_options, run_options
from refinegraph.cli.observers import watched
from refinegraph.cli.origins import origin_line, server_of
from refinegraph.cli.resume_hints import resume_command
from refinegraph.cli.summaries import show_reasons
from refinegraph.datasets import BadRecord
from refinegraph.datasets.files import Record, read_records, read_stream, stem_of
from refinegraph.errors import InputError, RefinegraphError
from refinegraph.evaluation.failures import error_for
from refinegraph.graphs.strategies import find_strategy
from refinegraph.options import RunOptions
from refinegraph.runs.planning import Models, resolve_models
from refinegraph.schema import Problem
from refinegraph.support.blocking import run_sync
from refinegraph.support.reading_ahead import read_in_thread
from refinegraph.support.shards import WHOLE, Shard
from refinegraph.terminal.batch_progress import BatchProgress, shown_batch
from refinegraph.terminal.console import error_console, say
from refinegraph.terminal.run_view import print_lines
from refinegraph.terminal.text import printable
from refinegraph.wording import plural

STREAM = "-"
"""Stands for standard input or standard output instead of a file."""


def run(options: argparse.Namespace) -> int:
    """Solve the problems in a file or on standard input, writing results as they finish.

    Returns 0 if some problems have answers, 2 for bad input, 3 if no model answered, 4 if no
    program could be run and 130 after an interrupt.
    """
    options.input = options.input or _piped_input()
    chosen = run_options(options)
    find_strategy(chosen.strategy)
    console, source = error_console(), _Source.of(options, chosen)
    total = source.checked_total(console)
    work = BatchWork(
        chosen,
        _models(options, chosen),
        _concurrency(options),
        in_order=options.in_order,
        cluster=cluster_settings(options.cluster, options.workers_per_node),
    )
    with _output(options, work, source.reading, source.shard) as output:
        if options.api_base is None and (server := server_of(chosen)):
            print_lines(console, [origin_line("server", server)])
        job = _Job(options, work, source, output, console, _progress(output, total))
        try:
            with watched(command_options(options)), shown_batch(job.progress, console):
                run_sync(_solve(job))
        except (KeyboardInterrupt, asyncio.CancelledError):
            _say_how_to_continue(job)
            raise KeyboardInterrupt from None
        except RefinegraphError:
            if job.progress.done:
                _say_how_to_continue(job)
            raise
        return _conclude(job)


def _piped_input() -> str:
    """Return the name of standard input; raises `InputError` if nothing is piped in."""
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError("no problems were given; name a file of JSON lines, or pipe them in.")
    return STREAM


def _models(options: argparse.Namespace, chosen: RunOptions) -> Models:
    if not options.provider_batch:
        return resolve_models(chosen)
    if options.out == STREAM or options.cluster:
        raise InputError(
            "--provider-batch needs --out FILE, since batches outlive the process, and excludes "
            "--cluster."
        )
    from refinegraph.batches.provider_batches import batched_models

    return batched_models(chosen, state_folder(lines_of(Path(options.out))))


def _concurrency(options: argparse.Namespace) -> int:
    default = PROVIDER_CONCURRENCY if options.provider_batch else CONCURRENCY
    return int(options.concurrency or default)


@dataclass(frozen=True)
class _Source:
    """The source of the problems."""

    name: str
    reading: Reading
    shard: Shard
    limit: int | None

    @classmethod
    def of(cls, options: argparse.Namespace, chosen: RunOptions) -> "_Source":
        """Return the source that the arguments name."""
        name: str = options.input
        reading = Reading(
            name="stdin" if name == STREAM else stem_of(Path(name)),
            kind=chosen.kind,
            prompt_column=options.prompt_column,
            column=options.column,
        )
        return cls(name, reading, options.shard or WHOLE, options.limit)

    def checked_total(self, console: Console) -> int | None:
        """Return the number of problems, or None for a stream.

        Raises `InputError`, before anything is spent, if no record can be read as a problem.
        """
        if self.name == STREAM:
            return None
        total, fault, is_good = 0, "", False
        for index, record in enumerate(self._records()):
            total = index + 1
            if not is_good:
                item = self.reading.item(index, record)
                fault = fault or item.fault
                is_good = item.problem is not None
                if isinstance(record, Record) and item.problem and self.reading.infers_kind(record):
                    _say_kind(console, item.problem)
        if not is_good:
            raise InputError(fault or f"{self.name} holds no problem; expected JSON lines.")
        return self.shard.share_of(total)

    async def items(self) -> AsyncIterator[BatchItem]:
        """Yield the problems of the shard."""
        items = read_items(self._records(), self.reading)
        chosen = of_shard(
            read_in_thread(items) if self.name == STREAM else _plain(items), self.shard
        )
        async for item in chosen:
            yield item

    def _records(self) -> Iterator[Record | BadRecord]:
        records = self._opened()
        return islice(records, self.limit)

    def _opened(self) -> Iterator[Record | BadRecord]:
        if self.name != STREAM:
            return read_records(Path(self.name))
        if sys.stdin is None:
            raise InputError("the problems should come from standard input, which is closed.")
        # A buffer of its own: the interpreter's is locked while a thread waits in it.
        return read_stream(open(sys.stdin.fileno(), "rb", closefd=False), "standard input")


def _say_kind(console: Console, first: Problem) -> None:
    words = (
        f"kind: inferred from the wording of each problem ({first.kind} for {printable(first.id)});"
        " --kind sets one for all"
    )
    say(console, words, "dim")


async def _plain(items: Iterator[BatchItem]) -> AsyncIterator[BatchItem]:
    for item in items:
        yield item


@dataclass
class _Job:
    """One batch."""

    options: argparse.Namespace
    work: BatchWork
    source: _Source
    output: Output
    console: Console
    progress: BatchProgress = field(default_factory=BatchProgress)

    @property
    def has_ended(self) -> bool:
        """Whether every problem has a result line."""
        return not (self.progress.left or self.progress.budget_spent)

    @property
    def is_complete(self) -> bool:
        """Whether every problem has an answer."""
        return self.has_ended and not self.progress.failures.total


async def _solve(job: _Job) -> None:
    async with aclosing(job.work.run(job.source.items(), job.output)) as records:
        async for record in records:
            job.progress.add(record)
    if job.work.was_cut:
        job.progress.budget_spent = job.progress.budget_spent or "the budget is spent"


@contextmanager
def _output(
    options: argparse.Namespace, work: BatchWork, reading: Reading, shard: Shard
) -> Generator[Output]:
    if options.out == STREAM:
        if options.resume:
            raise InputError("--resume goes with a file; name one by --out.")
        yield StreamOutput(reading.column)
        return
    path = Path(options.out)
    if options.input != STREAM and path.exists() and path.samefile(options.input):
        raise InputError(f"--out {options.out!r} is the input; name another file.")
    settings = BatchSettings.of(
        work.options, models=work.model_names, reading=reading, shard=str(shard)
    )
    output = open_output(path, settings, resume=options.resume)
    try:
        yield output
    finally:
        output.close()


def _progress(output: Output, total: int | None) -> BatchProgress:
    if isinstance(output, FileOutput):
        return BatchProgress(total=total, before=output.done, spent=output.spent)
    return BatchProgress(total=total)


def _conclude(job: _Job) -> int:
    """Report the outcome and return the exit code; raise the error if every problem failed."""
    progress, failures = job.progress, job.progress.failures
    if job.has_ended:
        job.output.end(failed=failures.total)
    _print(job, _ending(job))
    if failures.total:
        _print(job, f"{plural(failures.total, 'problem')} failed:", style="red")
        show_reasons(failures, job.console)
    if progress.budget_spent:
        left = f"{plural(progress.left, 'problem')} left" if progress.left else "the rest remains"
        spent = printable(progress.budget_spent)
        _print(job, f"{spent}; {left} for a larger budget", style="yellow")
    if not job.is_complete:
        _say_how_to_continue(job)
    if failures.last and not progress.done:
        raise error_for(failures.last)
    return 0


def _ending(job: _Job) -> str:
    progress = job.progress
    if not progress.solved + progress.refuted:
        return progress.line().plain
    tested = f"{progress.solved:,} passed, {progress.refuted:,} failed"
    return f"{progress.line().plain}; visible tests: {tested}"


def _say_how_to_continue(job: _Job) -> None:
    """Report the completed part and the command that continues."""
    progress = job.progress
    of = "" if progress.total is None else f"{progress.done:,} of "
    total = progress.done if progress.total is None else progress.total
    count, have = f"{of}{plural(total, 'problem')}", "has" if progress.done == 1 else "have"
    if isinstance(job.output, FileOutput):
        done = f"{count} {have} an answer in {printable(str(job.output.path))}"
        _print(job, f"{done}; continue with: {resume_command()}")
    else:
        _print(job, f"{count} printed; a batch with --out FILE can be resumed")


def _print(job: _Job, words: str, *, style: str = "") -> None:
    say(job.console, words, style)
