"""Hostile commands, and functions that build them."""

import textwrap
from typing import Literal

from refinegraph.schema import Frozen
from refinegraph.tools.workspace.results import CommandLimit

GOT_THROUGH = "IT GOT THROUGH"


class HostileCommand(Frozen):
    """A command that tries an attack.

    A Python command is the body of a function that returns whether the attack succeeded; a shell
    command prints `IT GOT THROUGH` if it did. Both refer to the host's files and servers by
    placeholders such as `@secret_file@`, and to the checkout as `@checkout@`.
    """

    name: str
    language: Literal["python", "sh"]
    source: str
    limit: CommandLimit | None = None
    """The limit that has to end the command, if it does not end by itself."""
    alone: bool = False
    """Whether the command makes its tree unusable for others."""
    seconds: float = 20.0
    """Seconds after which the command is killed."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command line."""
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
    """Return a command for the shell, which calls `got` if the attack succeeded."""
    head = f"got() {{ echo '{GOT_THROUGH}'; }}\n"
    return HostileCommand(
        name=name,
        language="sh",
        source=head + textwrap.dedent(source).strip(),
        limit=limit,
        alone=alone,
        seconds=seconds,
    )
