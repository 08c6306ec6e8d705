"""Execute a run on workers: in a separate thread, cancellable, and retried once."""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, TypeVar

from refinegraph.errors import SandboxUnavailable
from refinegraph.schema import Tier
from refinegraph.tools.sandbox.failures import Cancelled, NotBegun, WorkerFailed, explain
from refinegraph.tools.sandbox.kinds import kind_of_worker
from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.pool import MOST_WORKERS, Pool, pool_of
from refinegraph.tools.sandbox.process import NotConfined
from refinegraph.tools.sandbox.threads import DaemonThreads
from refinegraph.tools.sandbox.tiers import check_tier
from refinegraph.tools.sandbox.workers import Worker

T = TypeVar("T")
Work = Callable[[Sequence[Worker]], T]
_FAULTS = (WorkerFailed, NotConfined, OSError, MemoryError)
"""Errors of the sandbox, which say nothing about the program."""
_TRIES = 2
"""Attempts: a program that makes the sandbox fail twice is not run again."""
_MAX_WORKERS_TRIED = 6
"""Attempts including those with workers that had died before the run began: a choice."""


class Fault(Exception):
    """The sandbox itself failed twice; nothing is known about the program."""


class Run(Generic[T]):
    """A unit of work for workers, which any thread may start or cancel."""

    def __init__(self, policy: SandboxPolicy, *, min_tier: Tier, workers: int = 1) -> None:
        self._kind = kind_of_worker(policy)
        self._min_tier: Tier = min_tier
        self._count = workers
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._held: list[Worker] = []
        self._cancelled = False

    def do(self, work: Work[T]) -> T:
        """Execute the work and return its result.

        A worker that died before the run began in it does not count as an attempt. Raises
        `SandboxUnavailable`, `Cancelled`, or `Fault` after two attempts.
        """
        failed, reason = 0, ""
        for _ in range(_MAX_WORKERS_TRIED):
            try:
                return self._try(work)
            except _FAULTS as error:
                if self._cancelled:
                    raise Cancelled from None
                reason = explain(error)
                failed += not isinstance(error, NotBegun)
            if failed == _TRIES:
                break
        raise Fault(reason)

    def cancel(self) -> None:
        """Cancel the run at any point without blocking; `do` soon raises `Cancelled`."""
        with self._lock:
            self._cancelled = True
            pool = self._pool
            for worker in self._held:
                worker.stop()
        if pool:
            pool.wake()

    def _try(self, work: Work[T]) -> T:
        pool, workers = self._acquire()
        good = True
        try:
            for worker in workers:
                check_tier(worker.layers, worker.missing, wanted=self._min_tier)
            result = work(workers)
        except _FAULTS:
            good = False
            raise
        finally:
            self._give_back(pool, workers, good=good)
        if self._cancelled:
            raise Cancelled
        return result

    def _acquire(self) -> tuple[Pool, list[Worker]]:
        pool = self._choose_pool()
        try:
            workers = pool.acquire(self._count, cancelled=lambda: self._cancelled)
        except WorkerFailed as error:
            raise SandboxUnavailable(
                f"programs cannot be run here: {error}; `refinegraph doctor` explains why."
            ) from None
        with self._lock:
            self._held = workers
            if self._cancelled:  # `cancel` was called before there were workers to stop
                for worker in workers:
                    worker.stop()
        return pool, workers

    def _choose_pool(self) -> Pool:
        """Set the pool that `cancel` has to wake, before waiting in it."""
        pool = pool_of(self._kind)
        with self._lock:
            self._pool = pool
        return pool

    def _give_back(self, pool: Pool, workers: list[Worker], *, good: bool) -> None:
        with self._lock:
            self._held = []
        for worker in workers:
            if good:
                pool.release(worker)
            else:
                pool.discard(worker)


_threads: dict[int, DaemonThreads] = {}


def _executor() -> DaemonThreads:
    """Return the threads of this process; a fork does not inherit its parent's threads."""
    process = os.getpid()
    if process not in _threads:
        _threads.clear()
        _threads[process] = DaemonThreads(MOST_WORKERS, name="sandbox")
    return _threads[process]


async def in_thread(run: Run[T], work: Work[T]) -> T:
    """Await a run in a thread; cancelling the task cancels the run and waits for its end."""
    future = _begin(run, work)
    waiting = asyncio.wrap_future(future)
    try:
        return await asyncio.shield(waiting)
    except asyncio.CancelledError:
        run.cancel()
        if not future.cancel():
            await _outlast(waiting)
        raise
    except GeneratorExit:  # the event loop was stopped for good, so nothing can be awaited
        run.cancel()
        with suppress(RuntimeError):
            waiting.cancel()
        raise


def _begin(run: Run[T], work: Work[T]) -> "Future[T]":
    try:
        return _executor().submit(lambda: run.do(work))
    except RuntimeError as error:
        raise SandboxUnavailable(
            f"programs cannot be run here: {error} (`ulimit -u`, or a container's limit on tasks)."
        ) from None


async def _outlast(waiting: "asyncio.Future[T]") -> None:
    """Wait until a cancelled run is over, even if the task is cancelled again."""
    while not waiting.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([waiting])
    waiting.exception()
