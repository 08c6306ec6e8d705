"""Pools of workers, shared by all sandboxes of a process."""

import atexit
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from refinegraph.tools.sandbox.failures import Cancelled, WorkerFailed
from refinegraph.tools.sandbox.kinds import WorkerKind
from refinegraph.tools.sandbox.workers import Worker

MOST_WORKERS = max(8, 4 * (os.cpu_count() or 1))
"""Workers per pool. A run takes one worker, or two if its tests are programs too. More workers than
CPUs keep the CPUs busy while some runs wait; the factor is a choice. Idle ones stay warm: ending
them when few runs need them would start them again with the next tests, for 0.1 s each."""

IsCancelled = Callable[[], bool]


class Pool:
    """Workers of one kind, launched on demand; safe to use from any thread.

    Every worker is launched in a separate thread, so that a cancelled run does not wait for it; the
    worker then serves the next run.
    """

    def __init__(self, kind: WorkerKind) -> None:
        self._kind = kind
        self._changed = threading.Condition()
        self._idle: deque[Worker] = deque()
        self._all: set[Worker] = set()
        self._promised = 0
        """Workers that are being launched and not yet part of `_all`."""
        self._closed = False

    def acquire(self, count: int, *, cancelled: IsCancelled) -> list[Worker]:
        """Take `count` workers at once, waiting if necessary.

        If no more workers can be launched, wait for the existing ones. Raises `Cancelled` or
        `WorkerFailed`.
        """
        taken = self._take(count, cancelled)
        launches = [self._launch() for _ in range(count - len(taken))]
        try:
            return [*taken, *self._launched(launches, cancelled)]
        except BaseException as failure:
            for launch in launches:
                launch.add_done_callback(self._keep)
            self.release(*taken)
            if isinstance(failure, WorkerFailed):
                return self._take_idle(count, cancelled, failure)
            raise

    def release(self, *workers: Worker) -> None:
        """Return workers to the pool; their runs must have been killed before."""
        with self._changed:
            for worker in workers:
                worker.rest()
            is_closed = self._closed
            if is_closed:
                self._all.difference_update(workers)
            else:
                self._idle.extend(workers)
            self._changed.notify_all()
        if is_closed:
            for worker in workers:
                worker.close()

    def discard(self, worker: Worker) -> None:
        """End a worker that can no longer be used."""
        with self._changed:
            self._all.discard(worker)
            self._changed.notify_all()
        worker.close()

    def wake(self) -> None:
        """Wake all waiting threads, so that they check whether they were cancelled."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """End every worker."""
        with self._changed:
            self._closed = True
            workers, self._all = self._all, set()
            self._idle.clear()
            self._changed.notify_all()
        for worker in workers:
            worker.hang_up()
        for worker in workers:
            worker.close()

    def forget(self) -> None:
        """Release the workers after a fork; they belong to the parent process."""
        for worker in self._all:
            worker.forget()

    def _take(self, count: int, cancelled: IsCancelled) -> list[Worker]:
        """Take idle workers and reserve room to launch the rest."""
        dead: list[Worker] = []
        try:
            with self._changed:
                while not cancelled():
                    dead += self._remove_dead()
                    room = MOST_WORKERS - len(self._all) - self._promised
                    if len(self._idle) + room >= count:
                        taken = self._idle_ones(count, room)
                        self._promised += count - len(taken)
                        return taken
                    self._changed.wait()
            raise Cancelled
        finally:
            for worker in dead:
                worker.close()

    def _take_idle(self, count: int, cancelled: IsCancelled, failure: WorkerFailed) -> list[Worker]:
        """Wait for workers that others release; raises `failure` if there are too few."""
        with self._changed:
            while not cancelled():
                if len(self._idle) >= count:
                    return [self._idle.popleft() for _ in range(count)]
                if len(self._all) < count:
                    raise failure
                self._changed.wait()
        raise Cancelled

    def _idle_ones(self, count: int, room: int) -> list[Worker]:
        """Take idle workers, unless the only one is still tidying and a second can be started."""
        taken: list[Worker] = []
        while self._idle and len(taken) < count:
            alone = len(self._all) < 2 and room > 0
            if alone and not self._idle[0].is_idle():
                break
            taken.append(self._idle.popleft())
        return taken

    def _remove_dead(self) -> list[Worker]:
        """Remove idle workers that have died; the caller has to close them."""
        dead = [worker for worker in self._idle if not worker.is_alive]
        for worker in dead:
            self._idle.remove(worker)
            self._all.discard(worker)
        return dead

    def _launch(self) -> "Future[Worker]":
        launch: Future[Worker] = Future()
        thread = threading.Thread(
            target=self._settle, args=(launch,), name="sandbox-launch", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # the system allows no more threads
            self._adopt(None)
            launch.set_exception(WorkerFailed(str(error)))
        return launch

    def _settle(self, launch: "Future[Worker]") -> None:
        try:
            launch.set_result(self._new_worker())
        except BaseException as error:
            launch.set_exception(error)
        self.wake()

    def _new_worker(self) -> Worker:
        try:
            worker = Worker.launch(self._kind)
        except BaseException:
            self._adopt(None)
            raise
        self._adopt(worker)
        try:
            worker.greet()
        except BaseException:
            self.discard(worker)
            raise
        return worker

    def _adopt(self, worker: Worker | None) -> None:
        """Turn a reservation into a worker, or cancel it."""
        with self._changed:
            self._promised -= 1
            if worker:
                self._all.add(worker)
            self._changed.notify_all()

    def _launched(self, launches: list["Future[Worker]"], cancelled: IsCancelled) -> list[Worker]:
        with self._changed:
            while not all(launch.done() for launch in launches):
                if cancelled():
                    raise Cancelled
                self._changed.wait()
        return [launch.result() for launch in launches]

    def _keep(self, launch: "Future[Worker]") -> None:
        """Release a worker whose run was cancelled during the launch."""
        if launch.exception() is None:
            self.release(launch.result())


_pools: dict[WorkerKind, Pool] = {}
_lock = threading.Lock()
_exiting = False


def pool_of(kind: WorkerKind) -> Pool:
    """Return the pool of a kind of worker; raises `Cancelled` while the process exits."""
    with _lock:
        if _exiting:
            raise Cancelled
        if kind not in _pools:
            _pools[kind] = Pool(kind)
        return _pools[kind]


def close_pools() -> None:
    """End all workers of this process; the next run starts new ones."""
    with _lock:
        pools = list(_pools.values())
        _pools.clear()
    for pool in pools:
        pool.close()


def _at_exit() -> None:
    """Close the pools for good: daemon threads still run, and must not launch new workers."""
    global _exiting
    with _lock:
        _exiting = True
    close_pools()


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    for pool in _pools.values():
        pool.forget()
    _pools.clear()


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork)
