"""The command line. Nothing heavy is imported before a command needs it."""

import os
import sys
from collections.abc import Sequence

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run `refinegraph` with these arguments, the process's own if None; return the exit code.

    0 finished and not refuted, 1 refuted by visible tests, 2 bad input, 3 model trouble, 4 no
    sandbox at the asked tier, 130 interrupted.
    """
    try:
        from refinegraph.cli.dispatch import dispatch, leave

        code = dispatch(argv)
    except KeyboardInterrupt:
        _say_interrupted()
        if argv is None:
            os._exit(INTERRUPTED)
        return INTERRUPTED
    return code if argv is not None else leave(code)


def _say_interrupted() -> None:
    """Say so, unless nobody listens or the user will not even wait for that."""
    try:
        print("refinegraph: interrupted.", file=sys.stderr, flush=True)
    except (OSError, KeyboardInterrupt):
        return
