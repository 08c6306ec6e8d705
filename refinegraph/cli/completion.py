"""`refinegraph completion`: scripts with which a shell completes the command line."""

import argparse
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_ASKED = "_ARGCOMPLETE"
"""The variable by which a shell asks for completions instead of running the command."""


def run(options: argparse.Namespace) -> int:
    """Print the script that makes a shell complete `refinegraph`."""
    from argcomplete.shell_integration import shellcode

    from refinegraph.cli.files import print_exactly

    print_exactly(shellcode(["refinegraph"], shell=options.shell))
    return 0


def complete_if_asked(make: "Callable[[], argparse.ArgumentParser]") -> None:
    """Answer a shell that asks for completions, and end the process; otherwise do nothing."""
    if _ASKED not in os.environ:
        return
    from argcomplete import autocomplete

    autocomplete(make(), always_complete_options=False)
