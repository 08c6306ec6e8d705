"""Parse server-sent events: the `data:` lines of a body that arrives in parts."""

import codecs
from collections.abc import AsyncGenerator, AsyncIterable

DONE = "[DONE]"
"""The data of the final event in OpenAI's protocol."""


class WholeBody(Exception):
    """The server sent its answer as a whole instead of a stream.

    Args:
        body: The body that it sent.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__("no stream")
        self.body = body


async def event_data(parts: AsyncIterable[bytes]) -> AsyncGenerator[str]:
    """Yield the data of each event; comments, names and ids of events are skipped.

    Raises:
        WholeBody: At the end of a body that does not begin like a stream.
        UnicodeDecodeError: If the encoding is not UTF-8.
    """
    opening = bytearray()
    async for text in _lines(parts, opening):
        if text.startswith("data:"):
            yield text[5:].strip()
    if opening:
        raise WholeBody(bytes(opening))


async def _lines(parts: AsyncIterable[bytes], opening: bytearray) -> AsyncGenerator[str]:
    """Yield complete lines; store a body that does not begin like a stream in `opening`."""
    decode = codecs.getincrementaldecoder("utf-8-sig")().decode
    rest = ""
    is_stream = False
    async for part in parts:
        if not is_stream:
            opening += part
            is_stream = _begins_a_stream(opening)
            if not is_stream:
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
