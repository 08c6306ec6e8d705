"""How a person goes on with what was interrupted: the same command, with `--resume`."""

import shlex
import sys

from refinegraph.support.redaction import redact
from refinegraph.terminal.text import printable


def resume_command() -> str:
    """Return the command of this process as it is to be given again, without keys."""
    words = sys.argv[1:] if "--resume" in sys.argv else [*sys.argv[1:], "--resume"]
    return f"refinegraph {redact(printable(shlex.join(words)))}"
