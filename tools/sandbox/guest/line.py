"""A blocking connection for frames, to the host or to another process of the run."""

import socket
import struct
from typing import Any

from refinegraph.tools.sandbox.guest import codec

Message = dict[str, Any]


class Line:
    """One end of a socket; a message that is too long is replaced by a notice of its length."""

    def __init__(self, connection: socket.socket, max_bytes: int) -> None:
        self._connection = connection
        self._max_bytes = max_bytes
        self._received = bytearray()

    def allow(self, max_bytes: int) -> None:
        """Set the limit on the length of frames."""
        self._max_bytes = max_bytes

    def wait_at_most(self, seconds: float) -> None:
        """Set the time after which `receive` raises `TimeoutError`."""
        self._connection.settimeout(seconds)

    def send(self, message: Message) -> None:
        """Send one message."""
        frame = codec.pack(message)
        if len(frame) > self._max_bytes:
            frame = codec.pack({"call": message.get("call"), "too_large": len(frame)})
        self._connection.sendall(frame)

    def end(self) -> None:
        """Shut down the sending side."""
        self._connection.shutdown(socket.SHUT_WR)

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
            chunk = self._connection.recv(1 << 16)
            if not chunk:
                raise EOFError
            self._received += chunk
