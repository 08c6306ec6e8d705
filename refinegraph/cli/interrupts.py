"""Ctrl-C ends this process within two seconds, whatever becomes of the exception it raises."""

import os
import signal
import threading
import time
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended."""
_SECONDS = 1.9
"""When to end the process if it has not ended by itself: just below the two seconds after which
a user presses Ctrl-C again, so that an orderly end has all the time that there is."""

_seen = False


def watch_interrupts() -> None:
    """From now on, remember Ctrl-C and end the process if that takes it more than two seconds.

    `KeyboardInterrupt` is raised as ever, but a library may swallow it, or the main thread may be
    held up where no exception can be raised. The C part of Python's signal handling writes to a
    pipe at once, and a thread reads it. A process that ignores Ctrl-C, as a shell's background
    jobs do, goes on ignoring it. Only the main thread may call this.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, _raise_interrupt)
    threading.Thread(target=_end_in_time, args=(reader,), daemon=True).start()


def was_interrupted() -> bool:
    """Return whether Ctrl-C was pressed since `watch_interrupts`."""
    return _seen


def let_interrupts_pass() -> None:
    """Let Ctrl-C raise `KeyboardInterrupt` and nothing more, as a prompt needs it."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def end_at_interrupt(code: int) -> None:
    """Let Ctrl-C end the process at once with this exit code: its work is done."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        os._exit(code)

    signal.signal(signal.SIGINT, end)


def _raise_interrupt(number: int, frame: FrameType | None) -> None:
    global _seen
    _seen = True
    signal.default_int_handler(number, frame)


def _end_in_time(reader: int) -> None:
    while os.read(reader, 1) != bytes([signal.SIGINT]):
        continue
    time.sleep(_SECONDS)
    os._exit(INTERRUPTED)
