"""A warm interpreter that forks one process per tree and does nothing else."""

import gc
import os
import signal
import socket
from contextlib import suppress

from refinegraph.tools.workspace.guest.holder import hold
from refinegraph.tools.workspace.guest.profile import command_filter

_MAX_DESCRIPTORS = 4


def main(number: int) -> None:
    """Fork a holder for every received descriptor, until the host is gone."""
    control = socket.socket(fileno=number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o022)
    command_filter()
    gc.collect()
    gc.freeze()
    while True:
        body, lines, _, _ = socket.recv_fds(control, 16, _MAX_DESCRIPTORS)
        if not body:
            os._exit(0)
        if os.fork() == 0:
            control.close()
            _be_holder(lines[0])
        for line in lines:
            os.close(line)
        _reap()


def _be_holder(line: int) -> None:
    try:
        hold(socket.socket(fileno=line))
    finally:
        os._exit(1)


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
