"""What a hostile command is, and how lists of them are written."""

import textwrap
from typing import Literal

from refinegraph.schema import Frozen
from refinegraph.tools.workspace.results import CommandLimit

GOT_THROUGH = "IT GOT THROUGH"


class HostileCommand(Frozen):
    """A command, and what must not come of it.

    A Python one is the body of a function that returns whether the attack got through; a shell one
    prints `IT GOT THROUGH`. Both name what stands around the sandbox on the host, as
    `@secret_file@`, and the checkout as `@checkout@`.
    """

    name: str
    language: Literal["python", "sh"]
    source: str
    limit: CommandLimit | None = None
    """The limit that has to end it, where it does not end by itself."""
    alone: bool = False
    """Whether it leaves its tree unfit for others."""
    seconds: float = 20.0
    """After which it is killed."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command itself."""
        if self.language == "sh":
            return ("sh", "-c", self.source)
        body = textwrap.indent(self.source, "        ")
        return ("python3", "-S", "-E", "-c", _PYTHON.format(body=body, word=GOT_THROUGH))


_PYTHON = """
import ctypes, os, signal, socket, struct, subprocess, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def attack():
    try:
{body}
    except BaseException:
        return False
    return False
if attack() is True:
    print("{word}")
"""


def python(
    name: str,
    source: str,
    *,
    limit: CommandLimit | None = None,
    alone: bool = False,
    seconds: float = 20.0,
) -> HostileCommand:
    """Return a command in Python."""
    return HostileCommand(
        name=name,
        language="python",
        source=textwrap.dedent(source).strip(),
        limit=limit,
        alone=alone,
        seconds=seconds,
    )


def shell(
    name: str,
    source: str,
    *,
    limit: CommandLimit | None = None,
    alone: bool = False,
    seconds: float = 20.0,
) -> HostileCommand:
    """Return a command for the shell; `got` in it says that it got through."""
    head = f"got() {{ echo '{GOT_THROUGH}'; }}\n"
    return HostileCommand(
        name=name,
        language="sh",
        source=head + textwrap.dedent(source).strip(),
        limit=limit,
        alone=alone,
        seconds=seconds,
    )
