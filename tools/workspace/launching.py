"""The warm launcher, which forks one process per tree and is shared by all trees."""

import atexit
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from refinegraph.errors import SandboxUnavailable
from refinegraph.tools.sandbox.failures import explain

_START = Path(__file__).with_name("guest") / "start.py"
_OPTIONS = ("-S", "-s", "-P", "-B")
_lock = threading.Lock()
_launchers: dict[int, "_Launcher"] = {}


class _Launcher:
    def __init__(self) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self.process = _started(theirs)
            except BaseException:
                self.control.close()
                raise

    def close(self) -> None:
        self.control.close()
        self.process.wait()

    def send(self, line: socket.socket) -> None:
        socket.send_fds(self.control, [b"tree"], [line.fileno()])


def _started(line: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *_OPTIONS, str(_START), str(line.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(line.fileno(),),
        env={"LANG": "C.UTF-8"},
        cwd="/",
        start_new_session=True,
    )


def launch_holder() -> socket.socket:
    """Start the process of a tree and return the socket to it, starting the launcher if needed.

    Raises `SandboxUnavailable` if no process can be started.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            _send(theirs)
        except (OSError, MemoryError) as error:
            ours.close()
            raise SandboxUnavailable(
                f"commands cannot be run here: {explain(error)}; `refinegraph doctor` explains why."
            ) from None
    return ours


def _send(line: socket.socket) -> None:
    with _lock:
        launcher = _launchers.get(os.getpid())
        if launcher is not None:
            try:
                launcher.send(line)
            except OSError:
                launcher.close()
            else:
                return
        _launchers.clear()
        launcher = _launchers[os.getpid()] = _Launcher()
        launcher.send(line)


def _close_launcher() -> None:
    """End the launcher of this process."""
    launcher = _launchers.pop(os.getpid(), None)
    if launcher is not None:
        launcher.close()


atexit.register(_close_launcher)
