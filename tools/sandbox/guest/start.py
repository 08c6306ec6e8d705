"""Start a worker: `python -S -s -P -B start.py CONTROL RUNS SETTINGS`.

The package around this folder is not imported; empty modules stand in for it.
"""

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


if __name__ == "__main__":
    stand_in()
    from refinegraph.tools.sandbox.guest.worker import main

    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
