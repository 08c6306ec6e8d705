"""Solve a batch on a Ray cluster, with a driver that writes and workers with sandboxes."""

import asyncio
import secrets
import tempfile
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from refinegraph.agents.models import RateLimits
from refinegraph.batches.cluster_settings import ClusterSettings
from refinegraph.batches.cluster_worker import Worker, caps_of, import_ray
from refinegraph.batches.output import FileOutput, Output
from refinegraph.batches.records import BatchItem, BatchRecord
from refinegraph.batches.running import Batch
from refinegraph.batches.shared_books import DriverLedger, Remote, SharedBooks
from refinegraph.errors import InputError
from refinegraph.evaluation.records import RunError
from refinegraph.options import RunOptions
from refinegraph.runs.planning import Models
from refinegraph.schema import Kind, Usage
from refinegraph.tools.sandbox import Sandbox

LOCAL = "ray"
"""The address of a cluster that is started on this machine for one batch."""
_RESTART_WAIT, _RESTART_LOOKS = 0.5, 600
"""Seconds between checks whether a worker has restarted, and the number of checks: five minutes in
total, because a busy machine takes one minute to import everything."""
_ATTEMPTS = 3
"""The number of workers that may die while they solve one problem; after three, the problem is the
likely cause."""


@dataclass
class ClusterBatch(Batch):
    """A batch whose problems are solved by workers, while the driver writes their outcomes."""

    workers: list[Remote] = field(default_factory=list[Remote])
    _loads: dict[int, int] = field(default_factory=dict[int, int])
    _prepared: set[Kind] = field(default_factory=set[Kind])

    async def prepare(self, kind: Kind) -> None:
        """Let one worker build the graph, so that a general failure ends the batch early."""
        if kind in self._prepared:
            return
        try:
            await self.workers[0].prepare.remote(kind)
        except import_ray().exceptions.RayTaskError as error:
            raise error.cause from None
        self._prepared.add(kind)

    async def solve(self, item: BatchItem) -> BatchRecord:
        """Send a problem to the least busy worker, and to another one if it dies."""
        if item.problem is None:
            return await super().solve(item)
        exceptions = import_ray().exceptions
        reason = ""
        for _ in range(_ATTEMPTS):
            place = min(range(len(self.workers)), key=lambda worker: self._loads.get(worker, 0))
            self._loads[place] = self._loads.get(place, 0) + 1
            try:
                record: BatchRecord = await self.workers[place].solve.remote(item)
                return record
            except exceptions.RayTaskError as error:
                raise error.cause from None
            except exceptions.RayError as death:
                await _until_up(self.workers[place])
                reason = f"{_ATTEMPTS} workers died while they solved it: {death}"
            finally:
                self._loads[place] -= 1
        fault = RunError(kind="unexpected", type="WorkerDied", detail=reason[:1000])
        return BatchRecord(item.index, item.id, item.columns, None, fault, Usage())


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
    """Start workers on every node of a cluster and yield the batch that uses them.

    If a worker or its node dies, the worker is restarted, and its problems are solved again with
    the stored answers. `concurrency` applies to each worker. A cluster started on this machine ends
    with the block.

    Raises:
        InputError: There is no cluster at the address.
        SettingError: Ray is not installed.
    """
    if options.ledger:
        raise InputError("--ledger goes without --cluster, whose workers share limits anyway.")
    ray = import_ray()
    began = _connect(ray, settings.address)
    with tempfile.TemporaryDirectory(prefix="refinegraph-") as folder:
        actors: list[Remote] = []
        try:
            name = f"refinegraph-{secrets.token_hex(8)}"
            books = _start_books(ray, name, options, output, folder)
            actors.append(books)
            workers = _start_workers(ray, settings, options, concurrency, name, output)
            actors += workers
            yield _batch(ray, options, models, concurrency, in_order, books, workers)
            await _close(workers)
        finally:
            for actor in actors:
                ray.kill(actor)
            if began:
                ray.shutdown()


async def _until_up(worker: Remote) -> None:
    """Wait until a dead worker has restarted: before that, it refuses requests."""
    for _ in range(_RESTART_LOOKS):
        try:
            await worker.is_up.remote()
            return
        except import_ray().exceptions.RayError:
            await asyncio.sleep(_RESTART_WAIT)


async def _close(workers: list[Remote]) -> None:
    """Let the workers save what they learned; dead workers have nothing to save."""
    for worker in workers:
        with suppress(import_ray().exceptions.RayError):
            await worker.close.remote()


def _batch(
    ray: Any,
    options: RunOptions,
    models: Models,
    concurrency: int,
    in_order: bool,
    books: Remote,
    workers: list[Remote],
) -> ClusterBatch:
    caps = caps_of(options)

    def is_spent() -> bool:
        return bool(ray.get(books.is_spent.remote()))

    return ClusterBatch(
        options,
        models,
        Sandbox(),
        RateLimits(concurrency * len(workers)),
        ledger=DriverLedger(caps, is_spent) if caps.is_limited else None,
        in_order=in_order,
        workers=workers,
    )


def _connect(ray: Any, address: str) -> bool:
    """Join a cluster, or start one for `ray`; return whether Ray was initialised here."""
    if address.startswith("ray://"):
        raise InputError(
            f"{address!r} is a Ray client address; run the command on a node of the cluster with "
            "--cluster auto, or submit it as a job."
        )
    if ray.is_initialized():
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(
                address=None if address == LOCAL else address,
                include_dashboard=False if address == LOCAL else None,
                log_to_driver=False,
                logging_level="ERROR",
            )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise InputError(f"there is no Ray cluster at {address!r}: {error}") from None
    return True


def _start_books(
    ray: Any, name: str, options: RunOptions, output: Output | None, folder: str
) -> Remote:
    """Start the actor that the workers share on the node of the driver, whose files it writes."""
    kept = output if _keeps(options, output) else None
    here = ray.get_runtime_context().get_node_id()
    actor = ray.remote(SharedBooks).options(name=name, num_cpus=0, scheduling_strategy=_on(here))
    return actor.remote(
        caps_of(options),
        output.spent if isinstance(output, FileOutput) else Usage(),
        str(Path(folder, "rates.sqlite")),
        str(kept.calls.path.resolve()) if isinstance(kept, FileOutput) else None,
    )


def _keeps(options: RunOptions, output: Output | None) -> bool:
    """Return whether answers are stored next to the output rather than in a named cache."""
    return isinstance(output, FileOutput) and options.cache is None and options.replay is None


def _start_workers(
    ray: Any,
    settings: ClusterSettings,
    options: RunOptions,
    concurrency: int,
    books_name: str,
    output: Output | None,
) -> list[Remote]:
    """Start workers on every node; a worker whose node is lost restarts on another one."""
    keeps = _keeps(options, output)
    nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    actor = ray.remote(Worker)
    return [
        actor.options(
            num_cpus=0,
            max_restarts=-1,
            max_concurrency=concurrency + 2,
            scheduling_strategy=_on(node, soft=True),
        ).remote(f"{node} {number}", options, concurrency, books_name, keeps)
        for node in nodes
        for number in range(settings.workers_per_node)
    ]


def _on(node: str, *, soft: bool = False) -> Any:
    strategies: Any = import_module("ray.util.scheduling_strategies")
    return strategies.NodeAffinitySchedulingStrategy(node, soft=soft)
