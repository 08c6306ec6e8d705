"""The command that continues an interrupted one."""

import shlex
import sys

from refinegraph.support.redaction import redact
from refinegraph.terminal.text import printable


def resume_command() -> str:
    """Return the command of this process with `--resume`, without keys."""
    words = sys.argv[1:] if "--resume" in sys.argv else [*sys.argv[1:], "--resume"]
    return f"refinegraph {redact(printable(shlex.join(words)))}"
