"""Server-sent events: the lines of `data:` in a body that comes in parts."""

import codecs
from collections.abc import AsyncGenerator, AsyncIterable

DONE = "[DONE]"
"""What OpenAI's protocol sends behind the last chunk."""


class WholeBody(Exception):
    """The server sent its answer in one piece instead of a stream.

    Args:
        body: What it sent.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__("no stream")
        self.body = body


async def event_data(parts: AsyncIterable[bytes]) -> AsyncGenerator[str]:
    """Yield the data of each event; comments, names and numbers of events are left out.

    Raises:
        WholeBody: At the end of a body that never had the form of a stream.
        UnicodeDecodeError: For another encoding than UTF-8.
    """
    opening = bytearray()
    async for text in _lines(parts, opening):
        if text.startswith("data:"):
            yield text[5:].strip()
    if opening:
        raise WholeBody(bytes(opening))


async def _lines(parts: AsyncIterable[bytes], opening: bytearray) -> AsyncGenerator[str]:
    """Yield whole lines; keep a body that begins as no stream does in `opening`."""
    decode = codecs.getincrementaldecoder("utf-8-sig")().decode
    rest = ""
    begun = False
    async for part in parts:
        if not begun:
            opening += part
            begun = _begins_a_stream(opening)
            if not begun:
                continue
            part = bytes(opening)
            opening.clear()
        *lines, rest = (rest + decode(part)).split("\n")
        for line in lines:
            yield line.rstrip("\r")
    yield rest


_FIRST = (b"data", b"event", b"id", b"retry", b":")


def _begins_a_stream(opening: bytearray) -> bool:
    start = bytes(opening[:64]).removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(_FIRST)
