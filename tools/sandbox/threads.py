"""Threads for blocking work that do not delay the exit of the process."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
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
        self._idle = 0
        self._queue: deque[_Work] = deque()
        self._changed = threading.Condition()

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Queue work and return its future; raises RuntimeError if no thread can be started."""
        future: Future[T] = Future()
        with self._changed:
            self._queue.append((future, work))
            if len(self._queue) <= self._idle:
                self._changed.notify()
            elif self._count < self._max_threads:
                self._add_thread()
        return future

    def _add_thread(self) -> None:
        thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            if not self._count:
                self._queue.pop()
                raise
        else:
            self._count += 1

    def _serve(self) -> None:
        while True:
            future, work = self._next()
            if future.set_running_or_notify_cancel():
                _settle(future, work)
            del future, work  # otherwise an idle thread would keep the last result alive

    def _next(self) -> _Work:
        with self._changed:
            self._idle += 1
            while not self._queue:
                self._changed.wait()
            self._idle -= 1
            return self._queue.popleft()


def _settle(future: "Future[T]", work: Callable[[], T]) -> None:
    try:
        result = work()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
