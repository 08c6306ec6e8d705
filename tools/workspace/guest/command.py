"""Run one command of a tree in a private PID namespace and make sure that nothing survives it.

The holder forks a process that waits outside the namespace. Its child is the first process inside,
which reaps orphans, and the child of that process becomes the command.
"""

import fcntl
import os
import select
import signal
import socket
import struct
import time
from contextlib import suppress
from typing import NoReturn

from refinegraph.tools.sandbox.guest import linux, syscalls
from refinegraph.tools.workspace.guest.confining import Confinement
from refinegraph.tools.workspace.guest.files import Files
from refinegraph.tools.workspace.guest.line import Header
from refinegraph.tools.workspace.guest.memory import Memory
from refinegraph.tools.workspace.guest.settings import Command

_REPORT = struct.Struct("=cqq")
"""An event: `s`, a process was started (its number); `x`, the command ended (its wait status);
`u`, everything ended (microseconds of processor time, kilobytes of the largest process)."""
_MAX_DESCRIPTORS = 4096
"""Descriptors that are closed before a command; the holder opens far fewer."""
_TICK = 0.025
"""Seconds between two measurements of memory; a process can touch about a hundred megabytes in that
time."""
_ADOPT_ORPHANS = 36
"""PR_SET_CHILD_SUBREAPER."""
_SIGNALS = 2
"""LANDLOCK_SCOPE_SIGNAL."""
_LOWEST_UNUSED = 3
_BETWEEN_KILLS = 0.002
"""Seconds for killed processes to end and for their children to be reparented: a choice."""


def run(
    command: Command,
    descriptors: list[int],
    host: socket.socket,
    files: Files,
    confinement: Confinement,
) -> tuple[Header, bytes]:
    """Run a command with descriptors for its output, its errors, and then those from 3 on."""
    began = time.monotonic()
    report, refusal, life = os.pipe(), os.pipe(), os.pipe()
    outer = os.fork()
    if outer == 0:
        os.close(life[1])
        _Outer(command, descriptors, (report[1], refusal[1], life[0]), confinement).be()
    for number in (report[1], refusal[1], life[0], *descriptors):
        os.close(number)
    try:
        watch = _Watch(command, report[0], host, began)
        if not confinement.walled:
            watch.watch_disk(files, confinement.max_files)
        limit = watch.outlast()
        refused = os.read(refusal[0], 4096).decode(errors="replace")
    finally:
        for number in (report[0], refusal[0], life[1]):
            os.close(number)
        _reap(outer)
    seconds = time.monotonic() - began
    if refused:
        return {"refused_command": refused}, b""
    if limit is None and files.full():
        limit = "disk"
    header: Header = {
        "status": watch.status,
        "limit": limit,
        "seconds": seconds,
        "cpu_seconds": watch.cpu_seconds,
        "peak_bytes": watch.peak_bytes,
    }
    header["collected"], payload = files.collected(command)
    return header, payload


def _reap(outer: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(outer, 0)
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


class _Watch:
    """Watch one command until all processes that it started have ended."""

    def __init__(self, command: Command, report: int, host: socket.socket, began: float) -> None:
        self._command = command
        self._report = report
        self._host = host
        self._until = began + command.wall_seconds
        self._began = began
        self._inner = 0
        self._limit: str | None = None
        self._memory = Memory()
        self._files: Files | None = None
        self._max_files = 0
        self._room = (0, 0)
        self.status = -signal.SIGKILL
        self.cpu_seconds = 0.0
        self.peak_bytes = 0

    def watch_disk(self, files: Files, max_files: int) -> None:
        """Also end the command if the disk of a copy loses more space than a tree may use."""
        self._files, self._max_files = files, max_files
        self._room = files.room()

    def _fills_disk(self) -> bool:
        if self._files is None:
            return False
        (bytes_before, files_before), (bytes_now, files_now) = self._room, self._files.room()
        lost = bytes_before - bytes_now
        return lost > self._command.file_mb << 20 or files_before - files_now > self._max_files

    def outlast(self) -> str | None:
        """Wait for the end and return the limit that caused it, if any."""
        poll = select.poll()
        poll.register(self._report, select.POLLIN)
        poll.register(self._host, select.POLLIN)
        while True:
            for number, _ in poll.poll(self._patience()):
                if number == self._report:
                    if self._read_report():
                        return self._limit
                elif not self._obey():
                    poll.unregister(self._host)
            self._look()

    def _patience(self) -> float:
        return max(0.0, min(_TICK, self._until - time.monotonic())) * 1000 + 0.5

    def _read_report(self) -> bool:
        """Read an event; return True at the end."""
        body = os.read(self._report, _REPORT.size)
        if len(body) < _REPORT.size:
            return True
        event, first, second = _REPORT.unpack(body)
        if event == b"s":
            self._inner = first
        elif event == b"x":
            self.status = os.waitstatus_to_exitcode(first)
        else:
            self.cpu_seconds = first / 1e6
            self.peak_bytes = max(self._memory.peak, second * 1024)
        return bool(event == b"u")

    def _obey(self) -> bool:
        """Obey an order of the host to kill the command; return False if the host is gone."""
        try:
            order = self._host.recv(1)
        except BlockingIOError:
            return True
        self._end({b"o": "output", b"k": "killed"}.get(order, "killed"))
        return bool(order)

    def _look(self) -> None:
        if self._limit:
            if self._inner:
                _kill(self._inner)
            return
        if time.monotonic() >= self._until:
            self._end("timeout")
        elif self._is_too_large():
            self._end("memory")
        elif self._fills_disk():
            self._end("disk")

    def _is_too_large(self) -> bool:
        held = self._memory.measure(self._inner)
        return held > self._command.memory_mb << 20 or self._memory.machine_is_short

    def _end(self, limit: str) -> None:
        self._limit = self._limit or limit
        if self._inner:
            _kill(self._inner)


def _kill(process: int) -> None:
    with suppress(OSError):
        os.kill(process, signal.SIGKILL)


class _Outer:
    """The process outside the command's PID namespace, which outlives all processes inside."""

    def __init__(
        self,
        command: Command,
        descriptors: list[int],
        pipes: tuple[int, int, int],
        confinement: Confinement,
    ) -> None:
        self._command = command
        self._descriptors = descriptors
        self._report, self._refusal, self._life = pipes
        self._confinement = confinement

    def be(self) -> NoReturn:
        """Start the first process inside, wait for its end, and report."""
        try:
            if self._confinement.walled:
                linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
                linux.unshare(linux.NEWPID | linux.NEWNS)
            else:
                linux.prctl(_ADOPT_ORPHANS, 1)
                _keep_signals_inside()
            first = os.fork()
            if first == 0:
                self._be_first()
            for number in (self._refusal, *self._descriptors):
                os.close(number)
            self._send(b"s", first)
            micros, kilobytes = self._outlast(first)
            self._send(b"u", micros, kilobytes)
        except BaseException as error:
            with suppress(OSError):
                os.write(self._refusal, f"{error}".encode())
        finally:
            os._exit(0)

    def _send(self, event: bytes, first: int, second: int = 0) -> None:
        os.write(self._report, _REPORT.pack(event, first, second))

    def _outlast(self, first: int) -> tuple[int, int]:
        """Wait until all processes have ended; return their time and the size of the largest."""
        if not self._confinement.walled:
            _wait_for_end_or_host(first, self._life)
        _, _, used = os.wait4(first, 0)
        if not self._confinement.walled:
            _kill_children()
        return int((used.ru_utime + used.ru_stime) * 1e6), used.ru_maxrss

    def _be_first(self) -> NoReturn:
        """Run the first process inside: start the command and reap until it has ended."""
        try:
            if self._confinement.walled:
                linux.mount("proc", "/proc", "proc", _PROC_FLAGS)
            command = os.fork()
            if command == 0:
                self._become_command()
            _close_all_but(self._report)
            ended, status = 0, 0
            while ended != command:
                ended, status = os.wait()
            self._send(b"x", status)
        except BaseException as error:
            with suppress(OSError):
                os.write(self._refusal, f"{error}".encode())
        finally:
            os._exit(0)

    def _become_command(self) -> NoReturn:
        command = self._command
        try:
            os.setsid()
            os.chdir(command.folder or ".")
            refusal = _place(self._descriptors, self._refusal)
            for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            self._confinement.take_up(command)
            try:
                os.execvpe(command.arguments[0], command.arguments, dict(command.environment))
            except OSError as error:
                os.write(refusal, f"exec: {error.strerror}".encode())
        except BaseException as error:
            with suppress(OSError):
                os.write(self._refusal, f"{error}".encode())
        finally:
            os._exit(127)


_PROC_FLAGS = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
_HIGH = 64
"""Descriptors are moved up to here before they are placed, above all that a command receives."""


def _place(descriptors: list[int], refusal: int) -> int:
    """Move output and errors to 1 and 2 and the others to 3 and up; close everything else."""
    moved = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _HIGH) for number in descriptors]
    refusal = fcntl.fcntl(refusal, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    targets = [1, 2, *range(_LOWEST_UNUSED, len(moved) + 1)]
    for target, number in zip(targets, moved, strict=True):
        os.dup2(number, target)
    kept = len(moved) + 1 if len(moved) > 2 else _LOWEST_UNUSED
    os.closerange(kept, refusal)
    os.closerange(refusal + 1, _MAX_DESCRIPTORS)
    return refusal


def _close_all_but(number: int) -> None:
    os.closerange(0, number)
    os.closerange(number + 1, _MAX_DESCRIPTORS)


def _wait_for_end_or_host(process: int, life: int) -> None:
    """Wait for a process to end; kill it if the process that holds the tree is gone."""
    ended = os.pidfd_open(process)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(life, select.POLLIN)
    ready = {number for number, _ in poll.poll()}
    if ended not in ready:
        _kill(process)
    os.close(ended)


def _keep_signals_inside() -> None:
    """Confine the signals of this process and its children to these processes."""
    attributes = struct.pack("=QQQ", 0, 0, _SIGNALS)
    rules = linux.syscall(syscalls.LANDLOCK_CREATE, attributes, len(attributes), 0)
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    linux.syscall(syscalls.LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)


def _kill_children() -> None:
    """Kill the processes that a command left behind, if there is no PID namespace to do so.

    Landlock confines the signal to this process's descendants. It reaches all of them at once, so
    that none can escape by forking.
    """
    while True:
        _kill(-1)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_BETWEEN_KILLS)
