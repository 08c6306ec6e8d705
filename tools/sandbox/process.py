"""The process of one run, with communication that never blocks past a deadline."""

import os
import select
import socket
import struct
import time
from contextlib import suppress
from typing import Any

from refinegraph.tools.sandbox.failures import NotBegun, WorkerFailed
from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.settings import Limits
from refinegraph.tools.sandbox.output import Output
from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.polling import READABLE, Poller
from refinegraph.tools.sandbox.workers import Ending, Worker

Message = dict[str, Any]

_START_SECONDS = 10.0
"""In seconds: the longest wait for a run to start, far above the usual milliseconds. A choice."""
_CHUNK = 1 << 18
"""Bytes per read: a choice."""
_STANDARD_DESCRIPTORS = 3
"""Descriptors that every run receives: its socket, standard output and standard error."""


class Ended(Exception):
    """The process ended, or its socket was closed, before it answered."""


class Overflowed(Exception):
    """The process printed or returned more than the policy allows."""


class NotConfined(Exception):
    """A layer could not be applied, so nothing was run."""


class Process:
    """A confined process and the socket connected to it.

    Created by `begin`; the caller must always call `finish`.
    """

    def __init__(self, worker: Worker, policy: SandboxPolicy, poller: Poller) -> None:
        self.worker = worker
        self._policy = policy
        self._poller = poller
        self._line: socket.socket
        self._unsent = b""
        self._received = bytearray()
        self._line_ended = False
        self._input = -1
        self._unfed = b""
        self._outputs: dict[int, Output] = {}
        self._finished = False

    @classmethod
    def begin(
        cls,
        worker: Worker,
        job: Message,
        policy: SandboxPolicy,
        poller: Poller,
        *,
        stdin: bytes | None = None,
        peer: socket.socket | None = None,
    ) -> "Process":
        """Begin a run; the caller has to call `arm` next.

        `peer` is the process's end of a socket to another process of the run. All processes of a
        run share a `poller`: while the host waits for one of them, it reads the output of the
        others. Raises `Cancelled` if the worker was stopped.
        """
        process = cls(worker, policy, poller)
        try:
            process._begin(stdin, peer)
            process.post({**job, "bytes": policy.result_bytes})
        except BaseException:
            process.finish()
            raise
        return process

    def arm(self) -> None:
        """Wait until all layers are in force; raises `NotConfined` or `NotBegun`."""
        try:
            message = self.receive(until=time.monotonic() + _START_SECONDS)
        except TimeoutError:
            raise NotBegun("a run did not begin") from None
        except Ended:
            raise NotBegun("a worker ended as a run began") from None
        if "armed" not in message:
            raise NotConfined(str(message.get("refused")))

    @property
    def stdout(self) -> Output:
        """The standard output of the process."""
        return self._stdout

    @property
    def stderr(self) -> Output:
        """The standard error of the process."""
        return self._stderr

    def post(self, *messages: Message) -> None:
        """Send messages without blocking; the rest is sent during later calls of the poller."""
        if messages:
            self._unsent += b"".join(map(codec.pack, messages))
            self._write()

    @property
    def has_said_more(self) -> bool:
        """Whether the process sent an unrequested message."""
        with suppress(ValueError, OSError):
            self._read()
        return bool(self._received)

    def falls_silent(self, *, until: float) -> bool:
        """Wait until the socket is closed; return False if more data or no end arrives."""
        while not (self._finished or self._line_ended or self._received):
            try:
                self._poller.turn(until=until)
            except (TimeoutError, Overflowed):
                return False
        return not self._received

    def receive(self, *, until: float) -> Message:
        """Return the next message; raises `Ended`, `Overflowed`, `Malformed` or `TimeoutError`."""
        while True:
            frame = self._take_frame()
            if frame is not None:
                return frame
            if self._line_ended:
                raise Ended
            self._poller.turn(until=until)

    def ending(self, *, within: float = 0.2) -> Ending | None:
        """Return how the process ended, or None if it had to be killed; raises `WorkerFailed`."""
        try:
            return self.worker.ending(within=within)
        except WorkerFailed as error:
            if "answer" not in str(error):
                raise
        self.worker.kill_run()
        self.worker.ending()
        return None

    def finish(self) -> None:
        """Kill the process and close everything."""
        if self._finished:
            return
        self._finished = True
        self.worker.kill_run()
        for number, output in self._outputs.items():
            self._poller.forget(number)
            output.close()
        self._end_input()
        if hasattr(self, "_line"):
            self._poller.forget(self._line.fileno())
            self._line.close()

    def _begin(self, stdin: bytes | None, peer: socket.socket | None) -> None:
        inherited: list[int] = []
        try:
            self._line, other = socket.socketpair()
            inherited.append(other.detach())
            self._line.setblocking(False)
            self._stdout = self._output(inherited)
            self._stderr = self._output(inherited)
            if peer is not None:
                inherited.append(peer.detach())
            limits = self._limits(
                peer=len(inherited) > _STANDARD_DESCRIPTORS, stdin=stdin is not None
            )
            if stdin is not None:
                self._feed(stdin, inherited)
            self._poller.watch(self._line.fileno(), select.POLLIN, self._on_line)
            self.worker.begin(limits, inherited)
        finally:
            for number in inherited:
                os.close(number)

    def _output(self, inherited: list[int]) -> Output:
        reading, writing = os.pipe()
        inherited.append(writing)
        output = self._outputs[reading] = Output(reading, self._policy)
        self._poller.watch(reading, select.POLLIN, lambda _: self._on_output(output))
        return output

    def _feed(self, data: bytes, inherited: list[int]) -> None:
        reading, self._input = os.pipe()
        inherited.append(reading)
        os.set_blocking(self._input, False)
        self._unfed = data
        self._poller.watch(self._input, select.POLLOUT, self._feed_more)

    def _limits(self, *, peer: bool, stdin: bool) -> Limits:
        policy = self._policy
        return Limits(
            run=0,
            cpu_seconds=policy.cpu_seconds,
            memory_mb=policy.memory_mb,
            file_mb=policy.file_mb,
            open_files=policy.open_files,
            peer=int(peer),
            stdin=int(stdin),
        )

    def _on_line(self, events: int) -> None:
        if events & READABLE:
            self._read()
        if events & select.POLLOUT:
            self._write()

    def _on_output(self, output: Output) -> None:
        if not output.read():
            self._poller.forget(output.number)
        if output.flooded:
            raise Overflowed("its output")

    def _feed_more(self, _: int) -> None:
        try:
            self._unfed = self._unfed[os.write(self._input, self._unfed) :] if self._unfed else b""
        except BlockingIOError:
            return
        except OSError:
            self._unfed = b""
        if not self._unfed:
            self._end_input()

    def _end_input(self) -> None:
        if self._input >= 0:
            self._poller.forget(self._input)
            os.close(self._input)
            self._input = -1

    def _read(self) -> None:
        try:
            chunk = self._line.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        self._received += chunk
        # The frames of a process are not consumed while the host waits for another one, so the
        # buffer must be bounded. No valid frame is longer than this.
        if not chunk or len(self._received) > 4 + self._policy.result_bytes + _CHUNK:
            self._line_ended = True
            self._unsent = b""
            self._poller.forget(self._line.fileno())

    def _write(self) -> None:
        with suppress(BlockingIOError):
            try:
                sent = self._line.send(self._unsent)
            except (BrokenPipeError, ConnectionResetError):
                self._unsent = b""
            else:
                self._unsent = self._unsent[sent:]
        waiting = select.POLLOUT if self._unsent else 0
        if not self._line_ended:
            self._poller.watch(self._line.fileno(), select.POLLIN | waiting, self._on_line)

    def _take_frame(self) -> Message | None:
        if len(self._received) < 4:
            return None
        (length,) = struct.unpack_from(">I", self._received)
        if length > self._policy.result_bytes:
            raise codec.Malformed(f"a frame of {length:,} bytes")
        if len(self._received) < 4 + length:
            return None
        body = bytes(self._received[4 : 4 + length])
        del self._received[: 4 + length]
        message = codec.unpack(body)
        if "too_large" in message:
            raise Overflowed("its result")
        return message
