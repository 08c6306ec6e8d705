"""The host's side of a worker, which is started once and executes runs one after another."""

import json
import os
import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from refinegraph.tools.sandbox.failures import Cancelled, NotBegun, WorkerFailed
from refinegraph.tools.sandbox.guest.settings import ENDED, KILL, Limits
from refinegraph.tools.sandbox.kinds import WorkerKind
from refinegraph.tools.sandbox.launching import Launched, launch

_START_SECONDS = 20.0
"""Seconds until a worker has to be ready: a choice that leaves room for slow preloaded modules."""
_END_SECONDS = 2.0
"""Seconds until a worker has to report the end of a killed run; killing takes milliseconds."""


class Ending(NamedTuple):
    """How the process of a run ended."""

    code: int | None
    """The exit code, unless a signal ended the process."""
    signal: int | None
    cpu_seconds: float
    peak_bytes: int


class Worker:
    """A warm interpreter that serves one run at a time.

    Created by `launch`; the caller has to call `greet` before the first run.
    """

    def __init__(self, launched: Launched) -> None:
        self._launched = launched
        self._control, self._runs = launched.control, launched.runs
        self._begun = 0
        self._ended = 0
        self._last: Ending | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self.layers: tuple[str, ...] = ()
        self.missing: tuple[str, ...] = ()

    @classmethod
    def launch(cls, kind: WorkerKind) -> "Worker":
        """Start the process of a worker; raises `WorkerFailed`."""
        return cls(launch(kind))

    def begin(self, limits: Limits, numbers: Sequence[int]) -> None:
        """Begin a run with descriptors for its socket, output, errors and optional input.

        Raises `Cancelled` after `stop`, and `NotBegun` if the worker has died.
        """
        self.is_idle()
        with self._lock:
            if self._stopped:
                raise Cancelled
            self._begun += 1
            try:
                body = limits._replace(run=self._begun).packed()
                socket.send_fds(self._runs, [body], list(numbers))
            except OSError as error:
                raise NotBegun(f"the worker is gone ({error.strerror})") from None

    def stop(self) -> None:
        """Kill the run, or prevent it from beginning, until `rest` is called.

        May be called from any thread.
        """
        with self._lock:
            self._stopped = True
        self.kill_run()

    def rest(self) -> None:
        """Reset a `stop` that was meant for the previous run."""
        with self._lock:
            self._stopped = False

    def kill_run(self) -> None:
        """Kill the run and all processes that it started; may be called from any thread."""
        if self._ended < self._begun:
            with suppress(OSError):
                self._control.sendall(KILL.pack(self._begun))

    def ending(self, *, within: float = _END_SECONDS) -> Ending:
        """Wait for the end of the last run; raises `WorkerFailed` if the worker is silent."""
        while self._ended < self._begun or self._last is None:
            number, status, micros, peak = ENDED.unpack(self._read(ENDED.size, within))
            self._ended, code = number, os.waitstatus_to_exitcode(status)
            self._last = Ending(
                code=code if code >= 0 else None,
                signal=-code if code < 0 else None,
                cpu_seconds=micros / 1e6,
                peak_bytes=peak,
            )
        return self._last

    def is_idle(self) -> bool:
        """Return whether the last run is over, without waiting."""
        if self._ended < self._begun:
            with suppress(WorkerFailed):
                self.ending(within=0)
        return self._ended == self._begun

    @property
    def is_alive(self) -> bool:
        """Whether the worker's end of the socket is still open."""
        try:
            return bool(self._control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        """End the worker and everything in it."""
        self.hang_up()
        self._launched.end()

    def hang_up(self) -> None:
        """Close the sockets, so that the worker ends; the caller has to call `close` later."""
        self._control.close()
        self._runs.close()

    def forget(self) -> None:
        """Release a worker that belongs to the parent process after a fork."""
        self.hang_up()
        self._launched.forget()

    def greet(self) -> None:
        """Wait until the worker is ready; raises `WorkerFailed` with its last error message."""
        until = time.monotonic() + _START_SECONDS
        try:
            (length,) = struct.unpack(">I", self._read(4, _START_SECONDS))
            hello = json.loads(self._read(length, max(0.1, until - time.monotonic())))
        except WorkerFailed as error:
            reason = self._launched.last_words() or error
            raise WorkerFailed(f"a worker did not start: {reason}") from None
        if "layers" not in hello:
            raise WorkerFailed(f"a worker did not start: {hello.get('refused')}")
        self.layers = (*self._launched.layers, *hello["layers"])
        self.missing = tuple(hello["missing"])

    def _read(self, count: int, seconds: float) -> bytes:
        body = bytearray()
        until = time.monotonic() + seconds
        # Before every run the host asks whether the last one is over: one system call this way.
        flags = 0 if seconds else socket.MSG_DONTWAIT
        while len(body) < count:
            if seconds:
                self._control.settimeout(max(0.0, until - time.monotonic()))
            try:
                chunk = self._control.recv(count - len(body), flags)
            except (TimeoutError, BlockingIOError):
                raise WorkerFailed("a worker does not answer") from None
            except OSError as error:
                raise WorkerFailed(f"a worker is gone ({error.strerror})") from None
            finally:
                if seconds and self._control.fileno() >= 0:
                    self._control.settimeout(None)
            if not chunk:
                raise WorkerFailed("a worker is gone")
            body += chunk
        return bytes(body)
