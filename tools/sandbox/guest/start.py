"""Start a worker: `python -S -s -P -B start.py CONTROL RUNS SETTINGS`.

CONTROL and RUNS are numbers of descriptors or paths of sockets to connect to. The package around
this directory is not imported; empty modules take its place.
"""

import socket
import sys
from types import ModuleType

_HERE = __file__.rpartition("/")[0]
_PACKAGES = ("refinegraph", "refinegraph.tools", "refinegraph.tools.sandbox")


def stand_in() -> None:
    """Make this directory importable under its own name without importing the package."""
    for name in _PACKAGES:
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = []
    guest = ModuleType("refinegraph.tools.sandbox.guest")
    guest.__path__ = [_HERE]
    sys.modules[guest.__name__] = guest


def line_to(address: str) -> int:
    """Return the descriptor of a socket from its number or its path."""
    if address.isdigit():
        return int(address)
    line = socket.socket(socket.AF_UNIX)
    line.connect(address)
    return line.detach()


if __name__ == "__main__":
    stand_in()
    from refinegraph.tools.sandbox.guest.worker import main

    main(line_to(sys.argv[1]), line_to(sys.argv[2]), sys.argv[3])
