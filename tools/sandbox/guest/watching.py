"""Watch a run until it ends or has to be killed, and clean up after it."""

import os
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from refinegraph.tools.sandbox.guest.settings import KILL

_COUNT_INTERVAL = 5
"""Milliseconds between two counts of a program's threads if no limit of the system applies; a
program can start about a hundred threads in that time."""


class Ending(NamedTuple):
    """How a run ended."""

    status: int
    """The wait status of the process."""
    seconds: float
    """Processor time, in user and system mode."""
    peak: int
    """Peak memory in bytes."""


class Watch:
    """Watch the runs of a worker one after another and kill them when the host orders it."""

    def __init__(self, control: socket.socket, *, max_threads: int | None) -> None:
        self._control = control
        self._max_threads = max_threads
        self._alone = os.getpid() == 1
        """Whether every visible process is part of the run."""
        self._doomed = 0
        """The last run to be killed; the order may arrive before the run begins."""
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def outlast(self, program: int, run: int) -> Ending:
        """Wait until a run has ended; if the host is gone, end this process too."""
        number = os.pidfd_open(program) if hasattr(os, "pidfd_open") else None
        if number is not None:
            self._poll.register(number, select.POLLIN)
        try:
            self._wait(program, run, number)
        finally:
            if number is not None:
                self._poll.unregister(number)
                os.close(number)
        return self._reap(program)

    def _wait(self, program: int, run: int, number: int | None) -> None:
        killed = False
        while True:
            if not killed and (self._doomed >= run or self._has_too_many_threads(program)):
                self._kill(program)
                killed = True
            ended, ordered = self._news(program, number, count=not killed)
            if ordered and not self._obey() and not ended:
                self._kill(program)
                os._exit(0)
            if ended:
                return

    def _news(self, program: int, number: int | None, *, count: bool) -> tuple[bool, bool]:
        """Wait; return whether the run has ended, and whether the host has an order."""
        if number is None:
            return self._news_slowly(program)
        counting = count and self._max_threads is not None
        ready = [found for found, _ in self._poll.poll(_COUNT_INTERVAL if counting else None)]
        return number in ready, self._control.fileno() in ready

    def _news_slowly(self, program: int) -> tuple[bool, bool]:
        while True:
            ended = os.waitid(os.P_PID, program, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            ordered = bool(self._poll.poll(0 if ended else 2))
            if ended or ordered:
                return ended, ordered

    def _obey(self) -> bool:
        """Read an order of the host; return False if the socket is closed."""
        order = self._control.recv(KILL.size)
        if order:
            self._doomed = max(self._doomed, *KILL.unpack(order))
        return bool(order)

    def _has_too_many_threads(self, program: int) -> bool:
        """Count threads by the link count of the directory that has one entry per thread."""
        if self._max_threads is None:
            return False
        try:
            count = Path("/proc", str(program), "task").stat().st_nlink - 2
        except OSError:
            return False
        return count > self._max_threads

    def _kill(self, program: int) -> None:
        if self._alone:
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)  # which includes the program
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(program, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(program, signal.SIGKILL)

    def _reap(self, program: int) -> Ending:
        _, status, used = os.wait4(program, 0)
        if self._alone:
            _sweep()
        scale = 1 if sys.platform == "darwin" else 1024
        return Ending(status, used.ru_utime + used.ru_stime, used.ru_maxrss * scale)


def _sweep() -> None:
    """Kill and reap all other processes that a run started."""
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
