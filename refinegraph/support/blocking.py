"""Run coroutines from synchronous code in such a way that Ctrl-C always ends them."""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")

_CLEANUP_SECONDS = 1.0
"""Seconds that an interrupted coroutine may clean up. Closing the sandbox and databases takes
milliseconds, or tenths of a second on a busy machine, and a user who presses Ctrl-C expects the
prompt within two seconds."""
_POLL_SECONDS = 0.05
"""Seconds between checks whether the calling task was cancelled: too short to notice at a prompt,
and long enough to cost nothing."""
_STOP_SECONDS = 0.3
"""Seconds to wait after every harsher attempt; all waits together stay below two seconds."""


def run_sync(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to completion and return its result, even inside a running event loop.

    The coroutine runs in an event loop in another thread. Ctrl-C in the calling thread cancels it,
    gives it at most two seconds to clean up and raises `KeyboardInterrupt`, even if the coroutine
    ignores the cancellation. Under `asyncio.run`, which turns Ctrl-C into a cancellation, it raises
    `CancelledError`.

    >>> async def answer() -> int:
    ...     return 42
    >>> run_sync(answer())
    42
    """
    thread = _LoopThread(work)
    try:
        thread.start()
        thread.join()
    except BaseException:
        thread.stop()
        raise
    return thread.result()


def _calling_task() -> "asyncio.Task[Any] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:  # no event loop is running here
        return None


class _LoopThread(Generic[Result]):
    """A thread that runs one coroutine in its own event loop.

    It is a daemon thread, so that a coroutine that cannot be stopped does not keep the process
    alive.
    """

    def __init__(self, work: Coroutine[Any, Any, Result]) -> None:
        self._work = work
        self._caller = _calling_task()
        self._cancellations = self._caller.cancelling() if self._caller else 0
        self._results: list[Result] = []
        self._errors: list[BaseException] = []
        self._executor = ThreadPoolExecutor(thread_name_prefix="refinegraph-blocking")
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Result] | None = None
        self._interrupted = False
        self._ended = threading.Event()
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._run,), name="refinegraph-solve", daemon=True
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the coroutine has ended and its loop is closed.

        Raises `CancelledError` if the calling task is cancelled meanwhile: `asyncio.run` turns
        Ctrl-C into a cancellation of its task instead of a `KeyboardInterrupt`.
        """
        if self._caller is None:
            self._thread.join()
            return
        while self._thread.is_alive():
            self._thread.join(_POLL_SECONDS)
            if self._caller.cancelling() > self._cancellations:
                raise asyncio.CancelledError

    def result(self) -> Result:
        """Return the coroutine's result or raise its exception."""
        if self._errors:
            raise self._errors[0]
        return self._results[0]

    def stop(self) -> None:
        """Cancel the coroutine and wait; if it continues, cancel again and finally stop its loop.

        A stopped loop executes nothing more, so no request is sent after this, unless one blocks
        the thread. The loop is stopped twice: while it waits for the coroutine, and while it waits
        for the remaining tasks.
        """
        with self._lock:
            self._interrupted = True
            loop, task = self._loop, self._task
        if loop is None or task is None:  # the thread will check `_interrupted` itself
            self._ended.wait(_CLEANUP_SECONDS)
            return
        self._do(loop, task.cancel, wait=_CLEANUP_SECONDS)
        for harsher in (partial(_cancel_all, loop), loop.stop, loop.stop):
            self._do(loop, harsher, wait=_STOP_SECONDS)

    def _do(
        self, loop: asyncio.AbstractEventLoop, action: Callable[[], object], *, wait: float
    ) -> None:
        with suppress(RuntimeError):  # the loop was closed in the meantime
            loop.call_soon_threadsafe(action)
        self._ended.wait(wait)

    def _run(self) -> None:
        try:
            self._results.append(self._run_loop())
        except BaseException as error:
            self._errors.append(error)
        finally:
            self._ended.set()

    def _run_loop(self) -> Result:
        loop = asyncio.new_event_loop()
        loop.set_default_executor(self._executor)
        try:
            with self._lock:
                task = loop.create_task(self._work)
                self._loop, self._task = loop, task
                if self._interrupted:
                    task.cancel()
            return loop.run_until_complete(task)
        finally:
            self._close(loop)

    def _close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the loop as `asyncio.run` does, but without waiting for threads if interrupted."""
        try:
            loop.run_until_complete(_end_tasks(loop))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            self._executor.shutdown(wait=not self._interrupted, cancel_futures=self._interrupted)
            loop.close()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


async def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel and await the remaining tasks, and report errors of their cleanup."""
    left = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    for task in left:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            message = "unhandled exception while the event loop was closed"
            loop.call_exception_handler({"message": message, "exception": error, "task": task})
