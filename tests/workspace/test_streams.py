"""Both ends of a command's output are kept, and the omitted middle is counted."""

import os

import pytest

from refinegraph.tools.workspace.streams import Stream


async def stream_of(*parts: bytes, keep: int = 10, drain: int = 1000) -> tuple[Stream, list[int]]:
    reading, writing = os.pipe()
    floods: list[int] = []
    stream = Stream(reading, keep=keep, drain=drain, on_flood=lambda: floods.append(1))
    for part in parts:
        os.write(writing, part)
    os.close(writing)
    await stream.wait()
    return stream, floods


@pytest.mark.parametrize(
    ("text", "shown", "cut"),
    [
        (b"", "", 0),
        (b"12345", "12345", 0),
        (b"1234567890", "1234567890", 0),
        (b"12345678901", "12345\n[... 1 bytes not kept ...]\n78901", 1),
        (b"a" * 2005 + b"bcdef", "aaaaa\n[... 2,000 bytes not kept ...]\nbcdef", 2000),
        (b"ok \xff", "ok \\xff", 0),
    ],
)
async def test_both_ends_are_kept(text: bytes, shown: str, cut: int) -> None:
    stream, _ = await stream_of(text, drain=10_000)
    assert (stream.text, stream.cut) == (shown, cut)


async def test_output_arrives_as_it_is_written() -> None:
    stream, _ = await stream_of(b"123", b"456", b"789", b"abc", b"defgh")
    assert stream.text == "12345\n[... 7 bytes not kept ...]\ndefgh"


@pytest.mark.parametrize(("count", "floods"), [(20, 0), (21, 1), (90, 1)])
async def test_a_flood_is_reported_once(count: int, floods: int) -> None:
    _, told = await stream_of(b"x" * count, drain=20)
    assert len(told) == floods


async def test_a_stream_that_is_closed_waits_no_longer() -> None:
    reading, writing = os.pipe()
    stream = Stream(reading, keep=10, drain=10, on_flood=lambda: None)
    stream.close()
    stream.close()
    await stream.wait()
    assert stream.text == ""
    os.close(writing)
