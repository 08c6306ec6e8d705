"""The workers of this process, shared by every sandbox in it."""

import atexit
import os
import threading
from collections import deque
from collections.abc import Callable

from refinegraph.tools.sandbox.kinds import WorkerKind
from refinegraph.tools.sandbox.workers import Worker

MOST_WORKERS = max(8, 4 * (os.cpu_count() or 1))
"""A run takes one worker, or two where its tests are programs too."""
_KEPT_IDLE = max(4, 2 * (os.cpu_count() or 1))


class Cancelled(Exception):
    """Nobody waits for this run any more."""


class Pool:
    """Workers of one kind, started when they are needed; safe to use from any thread."""

    def __init__(self, kind: WorkerKind) -> None:
        self._kind = kind
        self._changed = threading.Condition()
        self._idle: deque[Worker] = deque()
        self._all: set[Worker] = set()
        self._promised = 0

    def acquire(self, count: int, *, cancelled: Callable[[], bool]) -> list[Worker]:
        """Take so many workers at once, waiting for them; raises `Cancelled`, `WorkerFailed`."""
        taken = self._take(count, cancelled)
        try:
            while len(taken) < count:
                taken.append(self._start())
        except BaseException:
            self._promised_no_more(count - len(taken))
            self.release(*taken)
            raise
        return taken

    def release(self, *workers: Worker) -> None:
        """Give workers back; what still runs in them has to be killed before."""
        surplus: list[Worker] = []
        with self._changed:
            for worker in workers:
                keep = len(self._idle) < _KEPT_IDLE
                (self._idle if keep else surplus).append(worker)
            self._all.difference_update(surplus)
            self._changed.notify_all()
        for worker in surplus:
            worker.close()

    def discard(self, worker: Worker) -> None:
        """End a worker that is no good any more."""
        with self._changed:
            self._all.discard(worker)
            self._changed.notify_all()
        worker.close()

    def wake(self) -> None:
        """Let those who wait look whether they are cancelled."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """End every worker."""
        with self._changed:
            workers, self._all = self._all, set()
            self._idle.clear()
        for worker in workers:
            worker.close()

    def forget(self) -> None:
        """Let go of the workers after a fork; they belong to the process above."""
        for worker in self._all:
            worker.forget()

    def _take(self, count: int, cancelled: Callable[[], bool]) -> list[Worker]:
        with self._changed:
            while not cancelled():
                self._bury()
                room = MOST_WORKERS - len(self._all) - self._promised
                if len(self._idle) + room >= count:
                    taken = self._idle_ones(count, room)
                    self._promised += count - len(taken)
                    return taken
                self._changed.wait()
        raise Cancelled

    def _idle_ones(self, count: int, room: int) -> list[Worker]:
        """Take idle workers, but rather start a second one than wait for the only one to tidy."""
        taken: list[Worker] = []
        while self._idle and len(taken) < count:
            alone = len(self._all) < 2 and room > 0
            if alone and not self._idle[0].is_idle():
                break
            taken.append(self._idle.popleft())
        return taken

    def _bury(self) -> None:
        """Let go of idle workers that somebody has killed."""
        for worker in [each for each in self._idle if not each.is_alive]:
            self._idle.remove(worker)
            self._all.discard(worker)
            worker.close()

    def _start(self) -> Worker:
        worker = Worker.start(self._kind)
        with self._changed:
            self._promised -= 1
            self._all.add(worker)
        return worker

    def _promised_no_more(self, count: int) -> None:
        with self._changed:
            self._promised -= count
            self._changed.notify_all()


_pools: dict[WorkerKind, Pool] = {}
_lock = threading.Lock()


def pool_of(kind: WorkerKind) -> Pool:
    """Return this process's pool for a kind of worker."""
    with _lock:
        if kind not in _pools:
            _pools[kind] = Pool(kind)
        return _pools[kind]


def close_pools() -> None:
    """End every worker of this process; the next run starts new ones."""
    with _lock:
        pools = list(_pools.values())
        _pools.clear()
    for pool in pools:
        pool.close()


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    for pool in _pools.values():
        pool.forget()
    _pools.clear()


atexit.register(close_pools)
os.register_at_fork(after_in_child=_after_fork)
