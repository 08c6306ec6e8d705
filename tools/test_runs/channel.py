"""A pipe through which a command reports results while it runs."""

import asyncio
import os
from types import TracebackType
from typing import Self

_CHUNK = 1 << 18
"""Bytes per read: a choice."""
_MAX_BYTES = 1 << 28
"""Bytes of results that are kept; a suite of 100,000 tests writes about 30 MB."""


class Channel:
    """The reading end in this process and the writing end for a command."""

    def __init__(self) -> None:
        self._body = bytearray()
        self._ended = asyncio.Event()
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)

    def __enter__(self) -> Self:
        """Start reading."""
        asyncio.get_running_loop().add_reader(self._reader, self._read)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close both ends."""
        self._close_writer()
        if not self._ended.is_set():
            self._close_reader()

    async def body(self) -> bytes:
        """Return everything that was written, after the last writer has closed the pipe."""
        self._close_writer()
        await self._ended.wait()
        return bytes(self._body)

    def _read(self) -> None:
        try:
            chunk = os.read(self._reader, _CHUNK)
        except BlockingIOError:
            return
        if chunk and len(self._body) < _MAX_BYTES:
            self._body += chunk
        elif not chunk:
            self._close_reader()

    def _close_reader(self) -> None:
        asyncio.get_running_loop().remove_reader(self._reader)
        os.close(self._reader)
        self._ended.set()

    def _close_writer(self) -> None:
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1
