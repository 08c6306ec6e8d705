"""Solve a batch, or make an evaluation, on a Ray cluster, while the driver writes."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from refinegraph.agents.models import RateLimits
from refinegraph.batches.cluster_settings import ClusterSettings
from refinegraph.batches.cluster_worker import BatchWorker, EvaluationWorker, import_ray
from refinegraph.batches.output import FileOutput, Output
from refinegraph.batches.ray_workers import Kept, WorkerDied, WorkerOrder, WorkerPool, worker_pool
from refinegraph.batches.records import BatchItem, BatchRecord
from refinegraph.batches.running import Batch
from refinegraph.batches.shared_books import RemoteCache
from refinegraph.evaluation.failures import Failed
from refinegraph.evaluation.records import RunError
from refinegraph.evaluation.running import Evaluation, Outcome, Work
from refinegraph.options import RunOptions
from refinegraph.runs.planning import Models
from refinegraph.schema import Kind, Usage
from refinegraph.tools.sandbox import Sandbox


@dataclass
class ClusterBatch(Batch):
    """A batch whose problems are solved by workers, while the driver writes their outcomes."""

    pool: WorkerPool = field(kw_only=True)
    _prepared: set[Kind] = field(default_factory=set[Kind])

    async def prepare(self, kind: Kind) -> None:
        """Let one worker build the graph, so that a general failure ends the batch early."""
        if kind in self._prepared:
            return
        try:
            await self.pool.workers[0].prepare.remote(kind)
        except import_ray().exceptions.RayTaskError as error:
            raise error.cause from None
        self._prepared.add(kind)

    async def solve(self, item: BatchItem) -> BatchRecord:
        """Let a worker solve a problem."""
        if item.problem is None:
            return await super().solve(item)
        try:
            record: BatchRecord = await self.pool.do(item)
        except WorkerDied as death:
            record = BatchRecord(item.index, item.id, item.columns, None, _fault(death), Usage())
        self.pool.has_failures |= record.error is not None
        return record


@dataclass(frozen=True)
class ClusterEvaluation(Evaluation):
    """An evaluation whose runs are made and judged by workers."""

    pool: WorkerPool = field(kw_only=True)
    strategies: Sequence[str] = field(kw_only=True)

    @property
    def names(self) -> Sequence[str]:
        """The strategies, whose graphs only the workers have."""
        return self.strategies

    async def outcome(self, work: Work) -> Outcome:
        """Let a worker make a run."""
        try:
            outcome: Outcome = await self.pool.do(work)
        except WorkerDied as death:
            outcome = Failed(work.key, _fault(death), Usage())
        self.pool.has_failures |= isinstance(outcome, Failed)
        return outcome


@asynccontextmanager
async def cluster_batch(
    settings: ClusterSettings,
    options: RunOptions,
    models: Models,
    *,
    concurrency: int,
    in_order: bool,
    output: Output | None,
) -> AsyncGenerator[Batch]:
    """Yield a batch that workers solve; `concurrency` is that of each worker.

    The problems of a worker that dies are solved again with the answers that were kept. Raises what
    `worker_pool` raises.
    """
    kept = Kept()
    if isinstance(output, FileOutput):
        kept = Kept(output.spent, None if _names_cache(options) else output.calls.path)
    order = WorkerOrder(BatchWorker, options, concurrency, kept)
    async with worker_pool(settings, order) as pool:
        if pool.is_away and isinstance(output, FileOutput):
            output.calls.close()
            output.calls = RemoteCache(pool.books)
        yield ClusterBatch(
            options,
            models,
            Sandbox(),
            RateLimits(concurrency * len(pool.workers)),
            ledger=pool.ledger,
            in_order=in_order,
            pool=pool,
        )


@asynccontextmanager
async def cluster_evaluation(
    settings: ClusterSettings,
    options: RunOptions,
    strategies: Sequence[str],
    *,
    kind: Kind,
    concurrency: int,
    spent: Usage,
    calls: Path,
) -> AsyncGenerator[Evaluation]:
    """Yield an evaluation that workers make; answers are kept in `calls`, unless a cache is named.

    Raises what `worker_pool` raises.
    """
    kept = Kept(spent, None if _names_cache(options) else calls)
    more = {"strategies": tuple(strategies), "kind": kind}
    order = WorkerOrder(EvaluationWorker, options, concurrency, kept, more)
    async with worker_pool(settings, order) as pool:
        yield ClusterEvaluation(
            {},
            Sandbox(),
            rate_limits=RateLimits(concurrency * len(pool.workers)),
            ledger=pool.ledger,
            pool=pool,
            strategies=tuple(strategies),
        )


def _names_cache(options: RunOptions) -> bool:
    return options.cache is not None or options.replay is not None


def _fault(death: WorkerDied) -> RunError:
    return RunError(kind="unexpected", type="WorkerDied", detail=str(death))
