"""End the process within two seconds of Ctrl-C, even if the exception is swallowed."""

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
a user presses Ctrl-C again, which leaves an orderly end as much time as possible."""

_seen = False


def watch_interrupts() -> None:
    """Remember Ctrl-C from now on, and end the process two seconds later at the latest.

    `KeyboardInterrupt` is raised as usual, but a library may swallow it, or the main thread may be
    blocked where no exception can be raised. The C part of Python's signal handling writes to a
    pipe at once, and a thread reads it. A process that ignores Ctrl-C, as background jobs of a
    shell do, continues to ignore it. Only the main thread may call this.
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
    """Let Ctrl-C only raise `KeyboardInterrupt`, as a prompt needs."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def end_at_interrupt(code: int) -> None:
    """Let Ctrl-C end the process at once with this exit code, since its work is done."""

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
