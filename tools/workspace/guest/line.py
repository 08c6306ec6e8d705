"""Frames between the host and the process of a tree: a JSON header followed by raw bytes."""

import json
import socket
import struct
from typing import Any

Header = dict[str, Any]
PREFIX = struct.Struct(">II")
"""The lengths of the header and of the bytes that follow it."""
_MAX_DESCRIPTORS = 8


def pack(header: Header, payload: bytes = b"") -> bytes:
    """Return a frame."""
    body = json.dumps(header, separators=(",", ":")).encode()
    return PREFIX.pack(len(body), len(payload)) + body + payload


class Line:
    """The guest's end of the connection, which blocks and handles one frame at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def send(self, header: Header, payload: bytes = b"") -> None:
        """Send one frame."""
        self.connection.sendall(pack(header, payload))

    def receive(self) -> tuple[Header, bytes, list[int]]:
        """Return the next frame and the descriptors that came with it; raises `EOFError`."""
        start, descriptors, _, _ = socket.recv_fds(self.connection, PREFIX.size, _MAX_DESCRIPTORS)
        if not start:
            raise EOFError
        start += self._gather(PREFIX.size - len(start))
        header_length, payload_length = PREFIX.unpack(start)
        header: Header = json.loads(self._gather(header_length))
        return header, self._gather(payload_length), descriptors

    def _gather(self, count: int) -> bytes:
        body = bytearray()
        while len(body) < count:
            chunk = self.connection.recv(count - len(body))
            if not chunk:
                raise EOFError
            body += chunk
        return bytes(body)
