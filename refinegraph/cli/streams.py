"""Handle a standard output whose reader has gone, or whose disk is full."""

import os
import sys
from contextlib import suppress


def discard_output() -> None:
    """Discard all further standard output, so that the process can end without an error."""
    if sys.stdout is None:
        return
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def flush_output() -> None:
    """Flush standard output; raises `OSError` if that fails."""
    if sys.stdout is not None:
        sys.stdout.flush()
