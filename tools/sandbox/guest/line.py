"""A blocking line of frames to the host."""

import socket
import struct
from typing import Any

from refinegraph.tools.sandbox.guest import codec

Message = dict[str, Any]


class Line:
    """One end of a socket; what is too long to send is said to be so."""

    def __init__(self, connection: socket.socket, most_bytes: int) -> None:
        self._connection = connection
        self._most_bytes = most_bytes

    def send(self, message: Message) -> None:
        """Send one message."""
        frame = codec.pack(message)
        if len(frame) > self._most_bytes:
            short = {"call": message.get("call"), "too_large": len(frame)}
            frame = codec.pack(short)
        self._connection.sendall(frame)

    def receive(self) -> Message:
        """Return the next message; raises `EOFError` when the line is closed."""
        (length,) = struct.unpack(">I", self._exactly(4))
        return codec.unpack(self._exactly(length))

    def _exactly(self, count: int) -> bytes:
        parts: list[bytes] = []
        while count:
            part = self._connection.recv(min(count, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
