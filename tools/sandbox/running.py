"""Have a run done by the workers: in a thread of its own, cancellable, done again once."""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from refinegraph.errors import SandboxUnavailable
from refinegraph.schema import Tier
from refinegraph.tools.sandbox.kinds import WorkerFailed, kind_of_worker
from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.pool import MOST_WORKERS, Cancelled, Pool, pool_of
from refinegraph.tools.sandbox.process import NotConfined
from refinegraph.tools.sandbox.tiers import check_tier
from refinegraph.tools.sandbox.workers import NotBegun, Worker

T = TypeVar("T")
_TRIES = 2
_MOST_WORKERS_TRIED = 6


class Fault(Exception):
    """The sandbox itself failed, twice; nothing is known about the program."""


class Run(Generic[T]):
    """One piece of work for the workers, from any thread, until it is done or cancelled."""

    def __init__(self, policy: SandboxPolicy, *, min_tier: Tier, workers: int = 1) -> None:
        self._pool: Pool = pool_of(kind_of_worker(policy))
        self._min_tier: Tier = min_tier
        self._count = workers
        self._lock = threading.Lock()
        self._held: list[Worker] = []
        self._cancelled = False

    def do(self, work: Callable[[Sequence[Worker]], T]) -> T:
        """Have it done; raises `SandboxUnavailable`, `Cancelled`, or `Fault` after two tries.

        A worker that is found dead before the run has begun in it costs no try.
        """
        failed, reason = 0, ""
        for _ in range(_MOST_WORKERS_TRIED):
            try:
                return self._try(work)
            except (WorkerFailed, NotConfined, OSError) as error:
                if self._cancelled:
                    raise Cancelled from None
                reason = str(error)
                failed += not isinstance(error, NotBegun)
            if failed == _TRIES:
                break
        raise Fault(reason)

    def cancel(self) -> None:
        """Kill it, wherever it is."""
        with self._lock:
            self._cancelled = True
            for worker in self._held:
                worker.kill_run()
        self._pool.wake()

    def _try(self, work: Callable[[Sequence[Worker]], T]) -> T:
        workers = self._acquire()
        try:
            for worker in workers:
                check_tier(worker.layers, worker.missing, wanted=self._min_tier)
            result = work(workers)
        except (WorkerFailed, NotConfined, OSError):
            self._let_go(workers, discard=True)
            raise
        except BaseException:
            self._let_go(workers)
            raise
        self._let_go(workers)
        if self._cancelled:
            raise Cancelled
        return result

    def _acquire(self) -> list[Worker]:
        try:
            workers = self._pool.acquire(self._count, cancelled=lambda: self._cancelled)
        except WorkerFailed as error:
            raise SandboxUnavailable(
                f"programs cannot be run here: {error}; `refinegraph doctor` tells more."
            ) from None
        with self._lock:
            self._held = workers
        return workers

    def _let_go(self, workers: list[Worker], *, discard: bool = False) -> None:
        with self._lock:
            self._held = []
        for worker in workers:
            if discard:
                self._pool.discard(worker)
            else:
                self._pool.release(worker)


_threads: dict[int, ThreadPoolExecutor] = {}


def _executor() -> ThreadPoolExecutor:
    """Return this process's threads; those of a parent are not there after a fork."""
    here = os.getpid()
    if here not in _threads:
        _threads.clear()
        _threads[here] = ThreadPoolExecutor(MOST_WORKERS, thread_name_prefix="sandbox")
    return _threads[here]


async def in_thread(run: Run[T], work: Callable[[Sequence[Worker]], T]) -> T:
    """Wait for a run without holding up the event loop; cancelling kills it and waits for that."""
    begun = _executor().submit(run.do, work)
    waiting = asyncio.wrap_future(begun)
    try:
        return await asyncio.shield(waiting)
    except asyncio.CancelledError:
        run.cancel()
        if not begun.cancel():
            await asyncio.wait([waiting])
            waiting.exception()
        raise
