"""Solve many problems: the function behind `refinegraph.solve_many` and `refinegraph batch`."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path

from refinegraph.agents.models import CallCache, model_name
from refinegraph.batches.cluster_settings import ClusterSettings, cluster_settings
from refinegraph.batches.inputs import Reading, items_of
from refinegraph.batches.options import BatchOptions
from refinegraph.batches.output import FileOutput, Output
from refinegraph.batches.parquet_output import open_output
from refinegraph.batches.records import BatchItem, BatchRecord
from refinegraph.batches.running import Batch
from refinegraph.batches.settings import BatchSettings
from refinegraph.options import RunOptions
from refinegraph.options.arguments import takes
from refinegraph.options.solve_options import EventHandler
from refinegraph.runs.planning import (
    Models,
    learned_rates,
    ledger_of,
    rate_limits_of,
    resolve_models,
)
from refinegraph.runs.solving import call_cache
from refinegraph.support.shards import WHOLE, Shard
from refinegraph.tools.sandbox import Sandbox


@takes(BatchOptions)
async def solve_many(options: BatchOptions) -> AsyncGenerator[BatchRecord]:
    """Solve many problems concurrently and yield the outcome of each as it finishes.

    A problem that fails yields a record with an `error`; the others continue. Problems are read
    only as others finish, so memory does not grow with their number. Limits such as `budget_usd`
    apply to all problems together, `timeout` to each of them. With `out`, every record is written
    to that file too, and after an interruption `resume=True` continues: no stored answer of a model
    is paid for twice.

    Raises `InputError` for bad input, `SettingError` for a model that is not set up, `ModelError`
    if the first five problems all failed because of their model, and `SandboxUnavailable` if
    programs cannot be run.

    >>> import asyncio
    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> scripted = ScriptedChatModel("def add(a, b):\\n    return a + b", cycle=True)
    >>> problems = [{"prompt": "Write add(a, b).", "tests": "assert add(1, 2) == 3", "page": 7}]
    >>> async def solved() -> list[BatchRecord]:
    ...     return [record async for record in solve_many(problems, model=scripted)]
    >>> [(record.solved, record.columns["page"]) for record in asyncio.run(solved())]
    [(True, 7)]
    """
    reading = Reading(kind=options.kind, prompt_column=options.prompt_column, column=options.column)
    shard = Shard.read(options.shard) if options.shard else WHOLE
    work = BatchWork(
        options=options.run,
        models=resolve_models(options),
        concurrency=options.concurrency,
        in_order=options.in_order,
        sandbox=options.sandbox,
        on_event=options.on_event,
        cluster=cluster_settings(options.cluster, options.workers_per_node),
    )
    settings = BatchSettings.of(
        options.run, models=work.model_names, reading=reading, shard=str(shard)
    )
    output = None
    if options.out:
        output = open_output(Path(options.out), settings, resume=options.resume)
    try:
        items = of_shard(items_of(options.problems, reading), shard)
        failed = 0
        async with aclosing(work.run(items, output)) as records:
            async for record in records:
                failed += record.error is not None
                yield record
        if output and not work.was_cut:
            output.end(failed=failed)
    finally:
        if output:
            output.close()


@dataclass
class BatchWork:
    """The models, options and limits of a batch."""

    options: RunOptions
    models: Models
    concurrency: int
    in_order: bool = False
    sandbox: Sandbox | None = None
    on_event: EventHandler | None = None
    cluster: ClusterSettings | None = None
    was_cut: bool = False
    """Whether the budget prevented answers."""

    @property
    def model_names(self) -> list[str]:
        """The names of the models by role; empty for roles that use the Solver's model."""
        return [model_name(model) if model else "" for model in self.models]

    async def run(
        self, items: AsyncIterator[BatchItem], output: Output | None = None
    ) -> AsyncGenerator[BatchRecord]:
        """Yield the outcome of every item that the output does not have, once it is written."""
        async with AsyncExitStack() as stack:
            batch = await self._batch(stack, output)
            left = items if output is None else _left(items, output)
            records = await stack.enter_async_context(aclosing(batch.run(left)))
            async for record in records:
                if output:
                    output.add(record)
                self.was_cut |= record.error is not None and record.error.kind == "budget"
                yield record
            self.was_cut |= batch.was_cut

    async def _batch(self, stack: AsyncExitStack, output: Output | None) -> Batch:
        if self.cluster:
            return await stack.enter_async_context(self._on_cluster(self.cluster, output))
        cache = stack.enter_context(call_cache(self.options))
        ledger = ledger_of(self.options)
        if ledger and isinstance(output, FileOutput):
            ledger.add_prior(output.spent)
        return Batch(
            self.options,
            self.models,
            await stack.enter_async_context(self.sandbox or Sandbox()),
            rate_limits_of(self.options, concurrency=self.concurrency),
            ledger=ledger,
            rates=stack.enter_context(learned_rates(self.options, self.models)),
            cache_for=_cache_for(cache, output),
            in_order=self.in_order,
            on_event=self.on_event,
        )

    def _on_cluster(
        self, settings: ClusterSettings, output: Output | None
    ) -> AbstractAsyncContextManager[Batch]:
        from refinegraph.batches.cluster import cluster_batch

        return cluster_batch(
            settings,
            self.options,
            self.models,
            concurrency=self.concurrency,
            in_order=self.in_order,
            output=output,
        )


async def of_shard(items: AsyncIterator[BatchItem], shard: Shard) -> AsyncIterator[BatchItem]:
    """Yield the items of a shard."""
    async for item in items:
        if shard.holds(item.index):
            yield item


async def _left(items: AsyncIterator[BatchItem], output: Output) -> AsyncIterator[BatchItem]:
    async for item in items:
        if not output.is_done(item):
            yield item


def _cache_for(
    cache: CallCache | None, output: Output | None
) -> Callable[[BatchItem], CallCache | None]:
    """Return the cache for the answers of a problem: the named one, or the output's."""
    if cache is None and isinstance(output, FileOutput):
        return lambda item: output.calls_of(item.index)
    return lambda _: cache
