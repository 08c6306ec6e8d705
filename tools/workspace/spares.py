"""A spare holder, started in advance for the next tree of the same checkout.

Building a view takes most of the start of a tree. Whoever opens a second tree usually opens more,
so from then on the next view is built while the commands of the last one run.
"""

import atexit
import os
import threading
from pathlib import Path
from typing import NamedTuple

from refinegraph.tools.workspace.guest.line import pack
from refinegraph.tools.workspace.guest.settings import Settings
from refinegraph.tools.workspace.launching import launch_holder
from refinegraph.tools.workspace.line import HostLine


class _Key(NamedTuple):
    """What a view depends on."""

    process: int
    settings: Settings
    state: tuple[int, ...]
    """The top level of the checkout: a view binds directories there when it is built."""


_lock = threading.Lock()
_spares: dict[_Key, HostLine] = {}
_opened: list[_Key] = []
"""The key of the tree that was opened last."""


def take_holder(settings: Settings) -> HostLine:
    """Return the line to a holder that has received these settings, and start a spare if it pays.

    Raises `SandboxUnavailable` if no process can be started.
    """
    key = _Key(os.getpid(), settings, _state(settings.root))
    with _lock:
        line = _spares.pop(key, None)
        _drop_all()
        again = key in _opened
        _opened[:] = [key]
    line = line or _start(settings)
    if again and not settings.copy:
        _keep(key)
    return line


def _keep(key: _Key) -> None:
    spare = _start(key.settings)
    with _lock:
        if key in _spares:
            spare.close()
        else:
            _spares[key] = spare


def _start(settings: Settings) -> HostLine:
    connection = launch_holder()
    connection.sendall(pack(settings._asdict()))
    return HostLine(connection)


def _drop_all() -> None:
    """Drop the spares of other checkouts and states, and those of the process that forked this."""
    for line in _spares.values():
        line.close()
    _spares.clear()


def _state(root: str) -> tuple[int, ...]:
    status = Path(root).stat()
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


atexit.register(_drop_all)
