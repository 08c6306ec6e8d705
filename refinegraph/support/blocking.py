"""Run coroutines from synchronous code, so that Ctrl-C always ends them."""

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
"""How long an interrupted coroutine may clean up. Closing the sandbox and the databases takes
milliseconds, on a busy machine tenths of a second; and who pressed Ctrl-C expects the prompt
back within two seconds."""
_POLL_SECONDS = 0.05
"""How often to look whether the calling task was cancelled: too short to be felt at a prompt,
too long to cost anything."""
_STOP_SECONDS = 0.3
"""How long to wait after each harsher attempt; all waits together stay below two seconds."""


def run_sync(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to completion and return its result, even where an event loop is running.

    The coroutine runs in an event loop in another thread. Ctrl-C in the calling thread cancels
    it, gives it at most two seconds to clean up and raises `KeyboardInterrupt`, whether or not
    the coroutine heeds the cancellation. Under `asyncio.run`, which makes Ctrl-C a cancellation,
    it raises `CancelledError`.

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
    """A thread that runs one coroutine in an event loop of its own.

    It is a daemon, so that a coroutine that cannot be stopped does not keep the process alive.
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

        Raises `CancelledError` where the calling task is cancelled meanwhile: `asyncio.run` makes
        Ctrl-C a cancellation of its task, not a `KeyboardInterrupt`.
        """
        if self._caller is None:
            self._thread.join()
            return
        while self._thread.is_alive():
            self._thread.join(_POLL_SECONDS)
            if self._caller.cancelling() > self._cancellations:
                raise asyncio.CancelledError

    def result(self) -> Result:
        """Return what the coroutine returned, or raise what it raised."""
        if self._errors:
            raise self._errors[0]
        return self._results[0]

    def stop(self) -> None:
        """Cancel the coroutine and wait; if it goes on, cancel again and at last stop its loop.

        A stopped loop runs nothing more, so no request is sent after this, unless one blocks
        the thread. The loop is stopped twice: while it waits for the coroutine, and while it
        waits for the tasks that are left.
        """
        with self._lock:
            self._interrupted = True
            loop, task = self._loop, self._task
        if loop is None or task is None:  # the thread will see that it is to stop
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
        """End the loop as `asyncio.run` does, but wait for no thread once interrupted."""
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
    """Cancel the tasks that are left, wait for them and report the errors of their cleanup."""
    left = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    for task in left:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            message = "unhandled exception while the event loop was closed"
            loop.call_exception_handler({"message": message, "exception": error, "task": task})
