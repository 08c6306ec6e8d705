"""Read the output of a command while it runs, keeping its start and its end."""

import asyncio
import os
from collections import deque
from collections.abc import Callable

_CHUNK = 1 << 18
"""Bytes per read: a choice."""


class Stream:
    """One output stream of a command; `wait` returns when every process has closed it."""

    def __init__(self, number: int, *, keep: int, drain: int, on_flood: Callable[[], None]) -> None:
        self._number = number
        self._half = keep // 2
        self._drain = drain
        self._on_flood = on_flood
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_length = 0
        self._seen = 0
        self._ended = asyncio.Event()
        os.set_blocking(number, False)
        asyncio.get_running_loop().add_reader(number, self._read)

    @property
    def cut(self) -> int:
        """The number of bytes that were not kept."""
        return self._seen - len(self._head) - min(self._tail_length, self._half)

    @property
    def text(self) -> str:
        """The start and the end of the output, with a line about omitted bytes between them."""
        tail = b"".join(self._tail)[-self._half :] if self._tail else b""
        if not self.cut:
            return (self._head + tail).decode("utf-8", "backslashreplace")
        mark = f"\n[... {self.cut:,} bytes not kept ...]\n"
        return mark.join(part.decode("utf-8", "backslashreplace") for part in (self._head, tail))

    async def wait(self) -> None:
        """Wait for the end of the stream."""
        await self._ended.wait()

    def close(self) -> None:
        """Stop reading."""
        if self._number >= 0:
            asyncio.get_running_loop().remove_reader(self._number)
            os.close(self._number)
            self._number = -1
        self._ended.set()

    def _read(self) -> None:
        try:
            part = os.read(self._number, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part:
            self.close()
            return
        flooded_before = self._seen > self._drain
        self._seen += len(part)
        if self._seen > self._drain and not flooded_before:
            self._on_flood()
        self._keep(part)

    def _keep(self, part: bytes) -> None:
        free = self._half - len(self._head)
        self._head += part[:free]
        part = part[free:] if free > 0 else part
        if not part:
            return
        self._tail.append(part)
        self._tail_length += len(part)
        while self._tail_length - len(self._tail[0]) >= self._half:
            self._tail_length -= len(self._tail.popleft())
