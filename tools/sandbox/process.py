"""The process of one run: spoken to without ever blocking past a deadline."""

import os
import select
import socket
import struct
import time
from contextlib import suppress
from typing import Any

from refinegraph.tools.sandbox.guest import codec
from refinegraph.tools.sandbox.guest.settings import Limits
from refinegraph.tools.sandbox.kinds import WorkerFailed
from refinegraph.tools.sandbox.policy import SandboxPolicy
from refinegraph.tools.sandbox.workers import Ending, NotBegun, Worker

Message = dict[str, Any]

_START_SECONDS = 10.0
_READABLE = select.POLLIN | select.POLLHUP | select.POLLERR
_PART = 1 << 18
_ALWAYS = 3
"""Descriptors that every run is given: its line, its output, its errors."""


class Ended(Exception):
    """The process ended, or its line broke, before it answered."""


class Overflowed(Exception):
    """The process printed or returned more than it may."""


class NotConfined(Exception):
    """A layer was refused, so that nothing was run."""


class Output:
    """What a process prints: the beginning is kept, the rest read and thrown away."""

    def __init__(self, number: int, policy: SandboxPolicy) -> None:
        self.number = number
        self._policy = policy
        self._kept = bytearray()
        self._seen = 0
        os.set_blocking(number, False)

    @property
    def flooded(self) -> bool:
        """Whether more came than may."""
        return self._seen > self._policy.drain_bytes

    @property
    def text(self) -> str:
        """What was kept, as text."""
        return self._kept.decode("utf-8", "backslashreplace")

    def read(self) -> bool:
        """Take what is there; False at the end."""
        try:
            part = os.read(self.number, _PART)
        except BlockingIOError:
            return True
        self._seen += len(part)
        self._kept += part[: max(0, self._policy.stdout_bytes - len(self._kept))]
        return bool(part)

    def close(self) -> None:
        """Take what is left and close."""
        before = -1
        while before != self._seen and not self.flooded:
            before = self._seen
            self.read()
        os.close(self.number)


class Process:
    """A confined process and the line to it. Made by `start`, ended by `finish`, always."""

    def __init__(self, worker: Worker, policy: SandboxPolicy) -> None:
        self.worker = worker
        self._policy = policy
        self._line: socket.socket
        self._unsent = b""
        self._received = bytearray()
        self._line_ended = False
        self._input = -1
        self._unfed = b""
        self._poll = select.poll()
        self._outputs: dict[int, Output] = {}
        self._finished = False

    @classmethod
    def begin(
        cls,
        worker: Worker,
        job: Message,
        policy: SandboxPolicy,
        *,
        stdin: bytes | None = None,
        peer: socket.socket | None = None,
    ) -> "Process":
        """Begin a run; `arm` has to follow. `peer` is its end of a line to another process."""
        process = cls(worker, policy)
        try:
            process._begin(stdin, peer)
            process.post({**job, "bytes": policy.result_bytes})
        except BaseException:
            process.finish()
            raise
        return process

    def arm(self) -> None:
        """Wait until its layers hold; raises `NotConfined`, `NotBegun`."""
        try:
            said = self.receive(until=time.monotonic() + _START_SECONDS)
        except TimeoutError:
            raise NotBegun("a run did not begin") from None
        except Ended:
            raise NotBegun("a worker ended as a run began") from None
        if "armed" not in said:
            raise NotConfined(str(said.get("refused")))

    @property
    def stdout(self) -> Output:
        """What it prints."""
        return self._stdout

    @property
    def stderr(self) -> Output:
        """What it prints as errors."""
        return self._stderr

    def post(self, message: Message) -> None:
        """Send a message as far as it goes now; the rest follows while others are waited for."""
        self._unsent += codec.pack(message)
        self._write()

    @property
    def has_said_more(self) -> bool:
        """Whether it sent anything that nobody asked for."""
        with suppress(ValueError, OSError):
            self._read()
        return bool(self._received)

    def falls_silent(self, *, until: float) -> bool:
        """Wait for the end of what it says; False where it says anything more, or never ends."""
        while not (self._finished or self._line_ended or self._received):
            try:
                self._turn(until)
            except (TimeoutError, Overflowed):
                return False
        return not self._received

    def receive(self, *, until: float) -> Message:
        """Return the next message; raises `Ended`, `Overflowed`, `Malformed`, `TimeoutError`."""
        while True:
            frame = self._take_frame()
            if frame is not None:
                return frame
            if self._line_ended:
                raise Ended
            self._turn(until)

    def ending(self, *, within: float = 0.2) -> Ending | None:
        """Return how it ended, or None where it had to be killed; raises `WorkerFailed`."""
        try:
            return self.worker.ending(within=within)
        except WorkerFailed as error:
            if "answer" not in str(error):
                raise
        self.worker.kill_run()
        self.worker.ending()
        return None

    def finish(self) -> None:
        """Kill what is left of it and close everything."""
        if self._finished:
            return
        self._finished = True
        self.worker.kill_run()
        for output in self._outputs.values():
            output.close()
        if self._input >= 0:
            os.close(self._input)
        if hasattr(self, "_line"):
            self._line.close()

    def _begin(self, stdin: bytes | None, peer: socket.socket | None) -> None:
        theirs: list[int] = []
        try:
            self._line, other = socket.socketpair()
            theirs.append(other.detach())
            self._line.setblocking(False)
            self._stdout = self._output(theirs)
            self._stderr = self._output(theirs)
            if peer is not None:
                theirs.append(peer.detach())
            limits = self._limits(peer=len(theirs) > _ALWAYS, stdin=stdin is not None)
            if stdin is not None:
                self._feed(stdin, theirs)
            self._poll.register(self._line, select.POLLIN)
            self.worker.begin(limits, theirs)
        finally:
            for number in theirs:
                os.close(number)

    def _output(self, theirs: list[int]) -> Output:
        reading, writing = os.pipe()
        theirs.append(writing)
        output = self._outputs[reading] = Output(reading, self._policy)
        self._poll.register(reading, select.POLLIN)
        return output

    def _feed(self, data: bytes, theirs: list[int]) -> None:
        reading, self._input = os.pipe()
        theirs.append(reading)
        os.set_blocking(self._input, False)
        self._unfed = data
        self._poll.register(self._input, select.POLLOUT)

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

    def _turn(self, until: float) -> None:
        """Wait for something to happen on any descriptor and deal with it."""
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        for number, happened in self._poll.poll(left * 1000 + 1):
            if number in self._outputs:
                self._hear(self._outputs[number])
            elif number == self._input:
                self._feed_more()
            else:
                if happened & _READABLE:
                    self._read()
                if happened & select.POLLOUT:
                    self._write()

    def _hear(self, output: Output) -> None:
        if not output.read():
            self._poll.unregister(output.number)
        if output.flooded:
            raise Overflowed("its output")

    def _feed_more(self) -> None:
        try:
            self._unfed = self._unfed[os.write(self._input, self._unfed) :] if self._unfed else b""
        except BlockingIOError:
            return
        except OSError:
            self._unfed = b""
        if not self._unfed:
            self._poll.unregister(self._input)
            os.close(self._input)
            self._input = -1

    def _read(self) -> None:
        try:
            part = self._line.recv(_PART)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if part:
            self._received += part
        else:
            self._line_ended = True
            self._unsent = b""
            self._poll.unregister(self._line)

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
            self._poll.modify(self._line, select.POLLIN | waiting)

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
