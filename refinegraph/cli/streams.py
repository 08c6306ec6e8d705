"""What happens to standard output when nobody reads it, or the disk behind it is full."""

import os
import sys
from contextlib import suppress


def discard_output() -> None:
    """Send what is still to come on standard output nowhere, so that the process ends in peace."""
    if sys.stdout is None:
        return
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def flush_output() -> None:
    """Write what standard output holds back; raises `OSError` where that cannot be."""
    if sys.stdout is not None:
        sys.stdout.flush()
