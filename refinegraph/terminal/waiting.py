"""A spinner for work, mostly imports, before a command has its own display."""

import contextlib
import gc
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Generic, TextIO, TypeVar

Result = TypeVar("Result")

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_QUIET_SECONDS = 0.1
"""Commands that are ready by then show nothing, since a flash would only distract."""
_FRAME_SECONDS = 0.08


def patiently(work: Callable[[], Result], words: str, *, quiet: bool = False) -> Result:
    """Do work in a thread and return its result, showing a spinner on a terminal.

    Ctrl-C ends the wait at once, even if the work continues: during an import, the main thread
    would be blocked where no exception can be raised.
    """
    worker = _Worker(work)
    worker.start()
    with _spinner(sys.stderr, words, quiet=quiet):
        while worker.is_alive():
            worker.join(_FRAME_SECONDS)
    return worker.result()


@contextmanager
def without_collection() -> Generator[None]:
    """Import without garbage collection, and exempt the new objects from later collections.

    A large import creates hundreds of thousands of permanent objects; examining them repeatedly
    takes a fifth of the import's time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()


class _Worker(threading.Thread, Generic[Result]):
    """A thread that keeps the result or the exception of its work."""

    def __init__(self, work: Callable[[], Result]) -> None:
        super().__init__(name="refinegraph-waiting", daemon=True)
        self._work = work
        self._context = copy_context()
        self._results: list[Result] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._results.append(self._context.run(self._work))
        except BaseException as error:
            self._error = error

    def result(self) -> Result:
        if self._error is not None:
            raise self._error
        return self._results[0]


@contextmanager
def _spinner(stream: TextIO | None, words: str, *, quiet: bool) -> Generator[None]:
    if quiet or stream is None or not stream.isatty() or not _can_draw(stream):
        yield
        return
    done = threading.Event()
    drawing = threading.Thread(target=_draw, args=(stream, words, done), daemon=True)
    drawing.start()
    try:
        yield
    finally:
        done.set()
        drawing.join()


def _can_draw(stream: TextIO) -> bool:
    """Whether a terminal can show the spinner and return to the beginning of the line."""
    import os

    try:
        _FRAMES.encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def _draw(stream: TextIO, words: str, done: threading.Event) -> None:
    frame = 0
    with contextlib.suppress(OSError, ValueError):
        while not done.wait(_FRAME_SECONDS if frame else _QUIET_SECONDS):
            stream.write(f"\r{_FRAMES[frame % len(_FRAMES)]} {words}")
            stream.flush()
            frame += 1
        if frame:
            stream.write("\r\x1b[K")
            stream.flush()
