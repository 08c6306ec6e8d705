"""Threads for blocking work that do not delay the exit of the process."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
_Work = tuple[Future[Any], Callable[[], Any]]


class DaemonThreads:
    """An executor whose daemon threads are started when there is more work than idle threads.

    At exit the interpreter waits for the threads of `concurrent.futures`, possibly as long as a
    program runs. It does not wait for daemon threads.
    """

    def __init__(self, max_threads: int, *, name: str) -> None:
        self._max_threads = max_threads
        self._name = name
        self._count = 0
        self._open = 0
        """Pieces of work that are queued or being done."""
        self._queue: SimpleQueue[_Work] = SimpleQueue()
        self._lock = threading.Lock()

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Queue work and return its future; raises RuntimeError if no thread can be started."""
        future: Future[T] = Future()
        with self._lock:
            if self._open >= self._count < self._max_threads:
                self._add_thread()
            self._open += 1
        self._queue.put((future, work))
        return future

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            if not self._count:
                raise
        else:
            self._count += 1

    def _serve(self) -> None:
        while True:
            future, work = self._queue.get()
            if future.set_running_or_notify_cancel():
                self._settle(future, work)
            else:
                self._close()
            del future, work  # otherwise an idle thread would keep the last result alive

    def _settle(self, future: "Future[T]", work: Callable[[], T]) -> None:
        try:
            result = work()
        except BaseException as error:
            self._close()
            future.set_exception(error)
        else:
            self._close()
            future.set_result(result)

    def _close(self) -> None:
        """Count a piece of work as done, before anyone who waits for it can queue more."""
        with self._lock:
            self._open -= 1
