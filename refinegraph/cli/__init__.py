"""The command line. Nothing heavy is imported before a command needs it."""

import os
import sys
import threading
from collections.abc import Sequence

from refinegraph.cli.interrupts import (
    INTERRUPTED,
    end_at_interrupt,
    was_interrupted,
    watch_interrupts,
)

_FLUSH_SECONDS = 0.3
"""How long an interrupted command waits for the reader of its output, in seconds."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `refinegraph` with these arguments, by default those of the process; return its code.

    0 done and not refuted, 1 refuted by visible tests, 2 bad input, 3 model failure, 4 no sandbox
    of the required tier, 130 interrupted.
    """
    return _run(argv) if argv is not None else _run_process()


def _run_process() -> int:
    """Run the command of this process; if it was interrupted, end the process at once."""
    try:
        watch_interrupts()
        code = _run(None)
    except Exception:
        # A library may turn KeyboardInterrupt into another error.
        if not was_interrupted():
            raise
        _say_interrupted()
        code = INTERRUPTED
    if code == INTERRUPTED or (code and was_interrupted()):
        _flush_stdout()
        os._exit(INTERRUPTED)
    end_at_interrupt(code)
    return code


def _run(argv: Sequence[str] | None) -> int:
    try:
        from refinegraph.cli.dispatch import dispatch, leave

        code = dispatch(argv)
    except KeyboardInterrupt:
        _say_interrupted()
        return INTERRUPTED
    return code if argv is not None else leave(code)


def _say_interrupted() -> None:
    """Report the interrupt, unless standard error is closed or Ctrl-C comes again."""
    try:
        print("refinegraph: interrupted.", file=sys.stderr, flush=True)
    except (OSError, KeyboardInterrupt):
        return


def _flush_stdout() -> None:
    """Flush standard output, unless its reader has stopped reading."""
    thread = threading.Thread(target=_flush, daemon=True)
    thread.start()
    thread.join(_FLUSH_SECONDS)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):  # closed, or without a reader
        return
