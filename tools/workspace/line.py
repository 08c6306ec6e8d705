"""The host's end of the connection to a tree, which does not block the event loop."""

import asyncio
import json
import socket
from collections.abc import Sequence
from typing import Any

from refinegraph.tools.workspace.guest.line import PREFIX, pack

Header = dict[str, Any]


class HolderGone(Exception):
    """The process that holds a tree has ended."""


class HostLine:
    """Send requests and receive answers, one after another."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection

    async def send(
        self, header: Header, payload: bytes = b"", descriptors: Sequence[int] = ()
    ) -> None:
        """Send one frame and, with its first byte, any descriptors."""
        frame = pack(header, payload)
        try:
            if descriptors:
                sent = socket.send_fds(self._connection, [frame], list(descriptors))
                frame = frame[sent:]
            await asyncio.get_running_loop().sock_sendall(self._connection, frame)
        except OSError as error:
            raise HolderGone(error.strerror or "") from None

    async def receive(self) -> tuple[Header, bytes]:
        """Return the next frame; raises `HolderGone`."""
        header_length, payload_length = PREFIX.unpack(await self._gather(PREFIX.size))
        header: Header = json.loads(await self._gather(header_length))
        return header, await self._gather(payload_length)

    def order(self, order: bytes) -> None:
        """Send an order of one byte: `k` to kill the command, `o` if it printed too much."""
        self._connection.send(order)

    def close(self) -> None:
        """Close the connection, which ends the tree."""
        self._connection.close()

    async def _gather(self, count: int) -> bytes:
        body = bytearray()
        loop = asyncio.get_running_loop()
        while len(body) < count:
            try:
                chunk = await loop.sock_recv(self._connection, count - len(body))
            except OSError as error:
                raise HolderGone(error.strerror or "") from None
            if not chunk:
                raise HolderGone
            body += chunk
        return bytes(body)
