"""Start workers on a Ray cluster, and give them jobs until all are done, whichever worker dies."""

import asyncio
import tempfile
import warnings
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from refinegraph.agents.models import Ledger
from refinegraph.batches.cluster_settings import ClusterSettings
from refinegraph.batches.cluster_worker import Worker, caps_of, import_ray
from refinegraph.batches.ray_home import Home, end_orphans, home_of
from refinegraph.batches.shared_books import DriverLedger, Remote, SharedBooks
from refinegraph.errors import InputError
from refinegraph.options import RunOptions
from refinegraph.schema import Usage

LOCAL = "ray"
"""The address of a cluster that is started on this machine for one command."""
_RESTART_WAIT, _RESTART_LOOKS = 0.5, 600
"""Seconds between two looks whether a worker is up again, and how many: five minutes, since a busy
machine takes one to import everything."""
_ATTEMPTS = 3
"""How many workers may die while they do one job: after three, it is the likely cause."""

_TOKEN = (
    "A cluster that requires a token needs RAY_AUTH_MODE=token here, and the token in "
    "RAY_AUTH_TOKEN or ~/.ray/auth_token."
)
"""Ray itself only reports that the connection timed out."""


class WorkerDied(Exception):
    """Too many workers died while they did one job."""


class Kept(NamedTuple):
    """What the workers share beside the driver."""

    spent: Usage = Usage()
    """What earlier processes spent of the budget."""
    calls: Path | None = None
    """The file of the answers of problems under way; None if a cache is named."""


@dataclass(frozen=True)
class WorkerOrder:
    """Which workers to start."""

    actor: type[Worker]
    options: RunOptions
    concurrency: int
    """Of each worker."""
    kept: Kept
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Further arguments of the actor."""


@dataclass
class WorkerPool:
    """The workers of a cluster, each of which has many jobs under way."""

    workers: list[Remote]
    ledger: Ledger | None
    """Whether the budget is spent; None if there is none."""
    books: Remote
    """The actor that keeps budgets and answers."""
    is_away: bool = False
    """Whether the answers are kept on another machine than the driver's."""
    has_failures: bool = False
    """Whether the answers are still needed once there are no more jobs."""
    _loads: dict[int, int] = field(default_factory=dict[int, int])

    async def do(self, job: object) -> Any:
        """Let the least busy worker do a job, and another one if it dies.

        Raises what the job raised, and `WorkerDied`.
        """
        exceptions = import_ray().exceptions
        reason = ""
        for _ in range(_ATTEMPTS):
            place = min(range(len(self.workers)), key=lambda each: self._loads.get(each, 0))
            self._loads[place] = self._loads.get(place, 0) + 1
            try:
                return await self.workers[place].do.remote(job)
            except exceptions.RayTaskError as error:
                raise error.cause from None
            except exceptions.RayError as death:
                await _until_up(self.workers[place])
                reason = f"{_ATTEMPTS} workers died while they solved it: {death}"
            finally:
                self._loads[place] -= 1
        raise WorkerDied(reason[:1000])


@asynccontextmanager
async def worker_pool(settings: ClusterSettings, order: WorkerOrder) -> AsyncGenerator[WorkerPool]:
    """Start workers on every node of a cluster, and end them with the block.

    A worker that dies, with its node or alone, is started again. With a cluster of this machine,
    the cluster ends with the block too.

    Raises:
        InputError: There is no cluster at the address.
        SettingError: Ray is not installed.
    """
    if order.options.ledger:
        raise InputError("--ledger goes without --cluster, whose workers share limits anyway.")
    ray = import_ray()
    began = _connect(ray, settings.address)
    with tempfile.TemporaryDirectory(prefix="refinegraph-") as folder:
        actors: list[Remote] = []
        try:
            home = home_of(ray, order.kept.calls, folder)
            await end_orphans(ray, home.namespace)
            books = _start_books(ray, order, home)
            actors.append(books)
            workers = _start_workers(ray, settings, order, home)
            actors += workers
            ledger = _ledger(order.options, partial(_is_spent, ray, books))
            pool = WorkerPool(workers, ledger, books, home.is_away)
            yield pool
            await _close(pool)
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


async def _close(pool: WorkerPool) -> None:
    """Let the workers save what they learned, which dead ones cannot, and remove files."""
    for worker in pool.workers:
        with suppress(import_ray().exceptions.RayError):
            await worker.close.remote()
    if pool.is_away:
        await pool.books.leave.remote(keeps=pool.has_failures)


def _ledger(options: RunOptions, ask: Callable[[], bool]) -> Ledger | None:
    caps = caps_of(options)
    return DriverLedger(caps, ask) if caps.is_limited else None


def _is_spent(ray: Any, books: Remote) -> bool:
    return bool(ray.get(books.is_spent.remote()))


def _connect(ray: Any, address: str) -> bool:
    """Join a cluster, or start one for `ray`; return whether Ray was initialised here."""
    if ray.is_initialized():
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(
                # Without an address, Ray would join a cluster that `ray start` began here.
                address="local" if address == LOCAL else address,
                include_dashboard=False if address == LOCAL else None,
                log_to_driver=False,
                logging_level="ERROR",
            )
    except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        raise InputError(
            f"there is no Ray cluster at {address!r} that lets this process in: "
            f"{_reason(error)}. {_TOKEN}"
        ) from None
    return True


def _reason(error: Exception) -> str:
    """Return the last line, since some errors hold a traceback of another machine."""
    lines = str(error).replace("\\n", "\n").split("\n")
    return next((line.rstrip(".") for line in reversed(lines) if line.strip(". ")), "no reason")


def _start_books(ray: Any, order: WorkerOrder, home: Home) -> Remote:
    """Start the actor that the workers share, on the node that has its files."""
    actor = ray.remote(SharedBooks).options(
        name=f"books {home.life}",
        namespace=home.namespace,
        num_cpus=0,
        max_restarts=-1,
        max_task_retries=-1,
        scheduling_strategy=_on(home.node),
    )
    return actor.remote(caps_of(order.options), order.kept.spent, home)


def _start_workers(
    ray: Any, settings: ClusterSettings, order: WorkerOrder, home: Home
) -> list[Remote]:
    """Start workers on every node; a worker whose node is lost restarts on another one."""
    nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    actor = ray.remote(order.actor)
    return [
        actor.options(
            name=f"worker {home.life} {node} {number}",
            namespace=home.namespace,
            num_cpus=0,
            max_restarts=-1,
            max_concurrency=order.concurrency + 2,
            scheduling_strategy=_on(node, soft=True),
        ).remote(f"{node} {number}", order.options, order.concurrency, home, **order.more)
        for node in nodes
        for number in range(settings.workers_per_node)
    ]


def _on(node: str, *, soft: bool = False) -> Any:
    strategies: Any = import_module("ray.util.scheduling_strategies")
    return strategies.NodeAffinitySchedulingStrategy(node, soft=soft)
