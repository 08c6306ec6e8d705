"""Start a worker: `python -S -s -P -B start.py CONTROL RUNS SETTINGS`.

Each line is the number of a descriptor, or the path of a socket to connect to. The package around
this folder is not imported; empty modules stand in for it.
"""

import socket
import sys
from types import ModuleType

_HERE = __file__.rpartition("/")[0]
_PACKAGES = ("refinegraph", "refinegraph.tools", "refinegraph.tools.sandbox")


def stand_in() -> None:
    """Make this folder importable under its own name, without the package."""
    for name in _PACKAGES:
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = []
    guest = ModuleType("refinegraph.tools.sandbox.guest")
    guest.__path__ = [_HERE]
    sys.modules[guest.__name__] = guest


def line_to(place: str) -> int:
    """Return the descriptor of a line."""
    if place.isdigit():
        return int(place)
    line = socket.socket(socket.AF_UNIX)
    line.connect(place)
    return line.detach()


if __name__ == "__main__":
    stand_in()
    from refinegraph.tools.sandbox.guest.worker import main

    main(line_to(sys.argv[1]), line_to(sys.argv[2]), sys.argv[3])
