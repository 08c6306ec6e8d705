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
from rich.text import Text

from refinegraph.batches.cluster_settings import cluster_settings
from refinegraph.batches.inputs import Reading, read_items
from refinegraph.batches.options import CONCURRENCY, PROVIDER_CONCURRENCY
from refinegraph.batches.output import FileOutput, Output, StreamOutput, state_folder
from refinegraph.batches.parquet_output import lines_of, open_output
from refinegraph.batches.records import BatchItem
from refinegraph.batches.settings import BatchSettings
from refinegraph.batches.solving import BatchWork, of_shard
from refinegraph.cli.given_options import command_options, run_options
from refinegraph.cli.going_on import resume_command
from refinegraph.cli.models import origin_line, server_of
from refinegraph.cli.observers import watched
from refinegraph.cli.summaries import show_reasons
from refinegraph.datasets import BadRecord
from refinegraph.datasets.files import Record, read_records, read_stream, stem_of
from refinegraph.errors import InputError, RefinegraphError
from refinegraph.evaluation.failures import error_for
from refinegraph.graphs.strategies import find_strategy
from refinegraph.options import RunOptions
from refinegraph.runs.planning import Models, resolve_models
from refinegraph.support.blocking import run_sync
from refinegraph.support.reading_ahead import read_in_thread
from refinegraph.support.shards import WHOLE, Shard
from refinegraph.terminal.batch_progress import BatchProgress, shown_batch
from refinegraph.terminal.console import error_console
from refinegraph.terminal.run_view import print_lines
from refinegraph.terminal.text import printable
from refinegraph.wording import plural

STREAM = "-"
"""Standard input or standard output in the place of a file."""


def run(options: argparse.Namespace) -> int:
    """Solve the problems of a file or of standard input, and write each as it ends.

    0 where problems have answers, whatever became of others; 2 for bad input, 3 where no model
    answered, 4 where no program could be run and 130 where it was interrupted.
    """
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
            _say_how_to_go_on(job)
            raise KeyboardInterrupt from None
        except RefinegraphError:
            if job.progress.done:
                _say_how_to_go_on(job)
            raise
        return _conclude(job)


def _models(options: argparse.Namespace, chosen: RunOptions) -> Models:
    if not options.provider_batch:
        return resolve_models(chosen)
    if options.out == STREAM or options.cluster:
        raise InputError(
            "--provider-batch needs --out FILE, since batches outlive the process; and it goes "
            "without --cluster."
        )
    from refinegraph.batches.provider_batches import batched_models

    return batched_models(chosen, state_folder(lines_of(Path(options.out))))


def _concurrency(options: argparse.Namespace) -> int:
    default = PROVIDER_CONCURRENCY if options.provider_batch else CONCURRENCY
    return int(options.concurrency or default)


@dataclass(frozen=True)
class _Source:
    """Where the problems come from."""

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
        """Return how many problems there are, None for a stream.

        Raises `InputError` where no record can be read as a problem: before anything is paid.
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
                if isinstance(record, Record) and is_good and not self.reading.says_kind(record):
                    self._say_kind(console)
        if not is_good:
            raise InputError(fault or f"{self.name} holds no problem; expected JSON lines.")
        return self.shard.share_of(total)

    async def items(self) -> AsyncIterator[BatchItem]:
        """Yield the problems of the shard."""
        found = read_items(self._records(), self.reading)
        chosen = of_shard(
            read_in_thread(found) if self.name == STREAM else _plain(found), self.shard
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
            raise InputError("the problems were to be read from standard input, which is closed.")
        # A buffer of its own: the interpreter's is locked while a thread waits in it.
        return read_stream(open(sys.stdin.fileno(), "rb", closefd=False), "standard input")

    def _say_kind(self, console: Console) -> None:
        if self.reading.kind is None:
            words = "kind: code, since no record says; for others pass --kind math, choice or text"
            console.print(Text(words, style="dim"), soft_wrap=True)


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
        """Whether every problem has its line."""
        return not (self.progress.left or self.progress.budget_spent)

    @property
    def is_complete(self) -> bool:
        """Whether every problem has its answer."""
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
    """Say how it ended and return the exit code; raise what every problem failed with."""
    progress, failures = job.progress, job.progress.failures
    if job.has_ended:
        job.output.end(failed=failures.total)
    _print(job, _ending(job))
    if failures.total:
        _print(job, f"{plural(failures.total, 'problem')} failed:", style="red")
        show_reasons(failures, job.console)
    if progress.budget_spent:
        left = f"{plural(progress.left, 'problem')} left" if progress.left else "the rest is left"
        _print(job, f"{printable(progress.budget_spent)}; {left} for a larger one", style="yellow")
    if not job.is_complete:
        _say_how_to_go_on(job)
    if failures.last and not progress.done:
        raise error_for(failures.last)
    return 0


def _ending(job: _Job) -> str:
    progress = job.progress
    if not progress.solved + progress.refuted:
        return progress.line().plain
    tested = f"{progress.solved:,} passed their visible tests, {progress.refuted:,} did not"
    return f"{progress.line().plain}; {tested}"


def _say_how_to_go_on(job: _Job) -> None:
    """Say what is done and which command does the rest."""
    progress = job.progress
    count = (
        f"{progress.done:,}"
        if progress.total is None
        else f"{progress.done:,} of {progress.total:,}"
    )
    if isinstance(job.output, FileOutput):
        done = f"{count} problems have an answer in {printable(str(job.output.path))}"
        _print(job, f"{done}; go on with: {resume_command()}")
    else:
        _print(job, f"{count} problems were printed; a batch with --out FILE can be resumed")


def _print(job: _Job, words: str, *, style: str = "") -> None:
    job.console.print(Text(words, style=style), soft_wrap=True)
