"""Start a launcher: `python -S -s -P -B start.py CONTROL`.

The package is not imported; empty modules take its place, so that a launcher starts fast and
contains no state of the calling process.
"""

import sys
from types import ModuleType

_HERE = __file__.rpartition("/")[0]
_TOOLS = _HERE.removesuffix("/workspace/guest")
_EMPTY = ("refinegraph", "refinegraph.tools", "refinegraph.tools.sandbox")
_FOLDERS = {
    "refinegraph.tools.sandbox.guest": f"{_TOOLS}/sandbox/guest",
    "refinegraph.tools.workspace": "",
    "refinegraph.tools.workspace.guest": _HERE,
}


def stand_in() -> None:
    """Make both guest directories importable under their own names without the package."""
    for name in (*_EMPTY, *_FOLDERS):
        module = ModuleType(name)
        module.__path__ = [_FOLDERS[name]] if _FOLDERS.get(name) else []
        sys.modules[name] = module


if __name__ == "__main__":
    stand_in()
    from refinegraph.tools.workspace.guest.launcher import main

    main(int(sys.argv[1]))
