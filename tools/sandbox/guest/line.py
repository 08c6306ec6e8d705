"""A blocking connection for frames, to the host or to another process of the run."""

import os
import socket
import struct
from typing import Any

from refinegraph.tools.sandbox.guest import codec

Message = dict[str, Any]
_CHUNK = 1 << 16
"""Bytes per read: a choice."""


class Line:
    """One end of a socket; a message that is too long is replaced by a notice of its length.

    It reads and writes the descriptor directly: a socket object costs a fork system calls and
    memory that most runs do not need.
    """

    def __init__(self, number: int, max_bytes: int) -> None:
        self._number = number
        self._max_bytes = max_bytes
        self._received = bytearray()
        self._timed: socket.socket | None = None

    def allow(self, max_bytes: int) -> None:
        """Set the limit on the length of frames."""
        self._max_bytes = max_bytes

    def wait_at_most(self, seconds: float) -> None:
        """Set the time after which `send` and `receive` raise `TimeoutError`."""
        self._timed = socket.socket(fileno=self._number)
        self._timed.settimeout(seconds)

    def send(self, message: Message) -> None:
        """Send one message."""
        frame = codec.pack(message)
        if len(frame) > self._max_bytes:
            frame = codec.pack({"call": message.get("call"), "too_large": len(frame)})
        self.send_frame(frame)

    def send_frame(self, frame: bytes) -> None:
        """Send one message that is packed already."""
        if self._timed:
            self._timed.sendall(frame)
            return
        while frame:
            frame = frame[os.write(self._number, frame) :]

    def end(self) -> None:
        """Close the connection."""
        os.close(self._number)

    def receive(self) -> Message:
        """Return the next message; raises `EOFError` at the end and `Malformed` for bad frames."""
        self._gather(4)
        (length,) = struct.unpack_from(">I", self._received)
        if length > self._max_bytes:
            raise codec.Malformed("a frame that is too long")
        self._gather(4 + length)
        body = bytes(self._received[4 : 4 + length])
        del self._received[: 4 + length]
        return codec.unpack(body)

    def _gather(self, count: int) -> None:
        while len(self._received) < count:
            chunk = self._timed.recv(_CHUNK) if self._timed else os.read(self._number, _CHUNK)
            if not chunk:
                raise EOFError
            self._received += chunk
