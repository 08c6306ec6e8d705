"""Measure the server: many concurrent streams, correct usage, and the overhead of forwarding.

    python benchmarks/serving.py --streams 500 --upstream 64 --requests 1000

The upstream server, this server and the clients are three processes. A stream is lost if it ends
without its usage. There are two baselines: the same requests of one client sent directly to the
upstream server, and the minimum duration of the upstream calls at their latency.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, NamedTuple

import aiohttp
from chat_server import ChatServer, chat_server

ANSWER = "```python\ndef add(a, b):\n    return a + b\n```"
PROMPT, WRITTEN = 20, 5
"""Tokens per call, as the upstream server counts them."""
SERVER = """
import sys
from refinegraph.options import RunOptions
from refinegraph.serving import ServerSettings, create_app
from refinegraph.serving.server import address_of, listen, run_server

options = RunOptions(model=sys.argv[3], api_base=sys.argv[1])
settings = ServerSettings(options, concurrency=int(sys.argv[2]))
with listen("127.0.0.1", 0) as listening:
    print(address_of(listening), flush=True)
    run_server(create_app(settings), listening, grace=1, say=lambda line: None)
"""


class Stream(NamedTuple):
    """The timing and the usage of one stream."""

    first: float
    """Seconds until the first byte, counted from the opening of all streams."""
    answered: float
    """Seconds until the first byte, counted from the stream's own request, which excludes the time
    that the single client process takes to open the others."""
    longest: float
    """Seconds of the longest silence."""
    usage: dict[str, int] | None


@asynccontextmanager
async def served(base: str, calls: int, model: str = "openai/m") -> AsyncGenerator[str]:
    """Run the server in a separate process, connected to an upstream server."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, base, str(calls), model), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    address = (await process.stdout.readline()).decode().strip()
    try:
        async with aiohttp.ClientSession() as session:
            while not await _is_up(session, address):
                await asyncio.sleep(0.1)
        yield f"{address}/v1"
    finally:
        process.terminate()
        await process.wait()


async def _is_up(session: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with session.get(f"{address}/health") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


def body(model: str, **more: Any) -> dict[str, Any]:
    """Return a request for a task with tests."""
    return {
        "model": model,
        "messages": [{"role": "user", "content": "Write add(a, b)."}],
        "refinegraph": {"tests": "assert add(1, 2) == 3"},
        "stream_options": {"include_usage": True},
        **more,
    }


async def stream(session: aiohttp.ClientSession, base: str, asked: dict[str, Any]) -> Stream:
    """Read one stream to its end."""
    began = time.perf_counter()
    moments, sent = [began], _Sent()
    last: dict[str, Any] = {}
    url = f"{base}/chat/completions"
    async with session.post(url, json=asked, trace_request_ctx=sent) as response:
        async for line in response.content:
            if line.strip():
                moments.append(time.perf_counter())
            if line.startswith(b"data: {"):
                last = json.loads(line[6:])
    gaps = [after - before for before, after in pairwise(moments)]
    first = moments[1] if len(moments) > 1 else float("inf")
    silence = max(gaps, default=float("inf"))
    return Stream(first - began, first - sent.at, silence, last.get("usage"))


class _Sent:
    """The time at which a request was sent."""

    at: float = 0.0


async def at_once(count: int, upstream: int, latency: float) -> None:
    """Open `count` streams at the same moment."""
    async with (
        chat_server(latency, text=ANSWER, several=False) as behind,
        served(behind.base, upstream) as base,
        _session() as session,
    ):
        began = time.perf_counter()
        asked = body("best-of-n:2/openai/m", stream=True)
        streams = await asyncio.gather(*(stream(session, base, asked) for _ in range(count)))
        seconds = time.perf_counter() - began
        calls = behind.calls()
    kept = [stream for stream in streams if stream.usage]
    tokens = sum(stream.usage["total_tokens"] for stream in kept if stream.usage)
    floor = calls * latency / upstream
    print(f"{count} streams over {upstream} concurrent upstream calls of {latency} s")
    print(f"  lost             {count - len(kept)}")
    print(f"  calls            {calls}")
    print(f"  tokens reported  {tokens} of {calls * (PROMPT + WRITTEN)}")
    print(f"  seconds          {seconds:.1f}, {seconds / floor:.2f} times the minimum")
    print(f"  first byte       {_of(streams, lambda stream: stream.first)}")
    print(f"    after sending  {_of(streams, lambda stream: stream.answered)}")
    print(f"  longest silence  {_of(streams, lambda stream: stream.longest)}")


async def add_up(count: int) -> None:
    """Send random requests one after the other; compare the reported usage with the calls made."""
    draw = random.Random(1)
    wrong = calls = 0
    async with (
        chat_server(0.0, text=ANSWER, several=False) as behind,
        served(behind.base, 64) as base,
        _session() as session,
    ):
        for _ in range(count):
            usage = await _usage(session, base, _drawn(draw))
            calls_made = behind.calls() - calls
            calls += calls_made
            wrong += usage.get("total_tokens") != calls_made * (PROMPT + WRITTEN)
    print(f"{count} random requests, {calls} calls: wrong usage in {wrong}")


def _drawn(draw: random.Random) -> dict[str, Any]:
    """Return a random request: any or no strategy, streamed or not, with tests that may fail."""
    names = ("adaptive/", "best-of-n:3/", "sample-until:4/", "self-refine/", "single/", "magicore/")
    asked = body(f"{draw.choice((*names, ''))}openai/m", stream=draw.random() < 0.5)
    asked["n"] = draw.choice([1, 1, 2]) if asked["model"] != "openai/m" else 1
    asked["refinegraph"]["tests"] = f"assert add(1, 2) == {draw.choice([3, 4])}"
    if draw.random() < 0.5:
        asked["refinegraph"]["rounds"] = draw.randint(0, 2)
    return asked


async def _usage(
    session: aiohttp.ClientSession, base: str, asked: dict[str, Any]
) -> dict[str, int]:
    if asked["stream"]:
        return (await stream(session, base, asked)).usage or {}
    async with session.post(f"{base}/chat/completions", json=asked) as response:
        return (await response.json()).get("usage") or {}


async def leaving(count: int) -> None:
    """Disconnect clients during upstream calls; time how long the server keeps working."""
    taken: list[float] = []
    async with (
        chat_server(120.0, several=False) as behind,
        served(behind.base, 64) as base,
    ):
        for number in range(count):
            asked = body("adaptive/openai/m", stream=number % 2 == 0)
            async with _session() as session:
                request = asyncio.ensure_future(stream(session, base, asked))
                await _until(behind, active=1)
                request.cancel()
                began = time.perf_counter()
                await asyncio.wait({request})
            await _until(behind, active=0)
            taken.append(time.perf_counter() - began)
    longest = max(taken)
    print(f"{count} clients left: calls cancelled after {statistics.median(taken):.3f} s", end="")
    print(f" (median), {longest:.3f} s (longest)")


async def _until(behind: ChatServer, *, active: int) -> None:
    while await asyncio.to_thread(behind.active) != active:
        await asyncio.sleep(0.005)


async def passing(count: int) -> None:
    """Measure forwarded requests and the same requests sent directly to the upstream server."""
    asked = {"model": "openai/m", "messages": [{"role": "user", "content": "Hello"}]}
    async with (
        chat_server(0.0, text="Hello.") as behind,
        served(behind.base, 64) as base,
        _session() as session,
    ):
        direct = await _milliseconds(session, behind.base, asked, count)
        through = await _milliseconds(session, base, asked, count)
    print(f"forwarding adds {through - direct:.2f} ms to {direct:.2f} ms (medians of {count})")


async def _milliseconds(
    session: aiohttp.ClientSession, base: str, asked: dict[str, Any], count: int
) -> float:
    taken: list[float] = []
    for _ in range(count):
        began = time.perf_counter()
        async with session.post(f"{base}/chat/completions", json=asked) as response:
            await response.read()
        taken.append(1_000 * (time.perf_counter() - began))
    return statistics.median(taken[count // 5 :])


def _session() -> aiohttp.ClientSession:
    limits = aiohttp.ClientTimeout(total=600)
    traces = aiohttp.TraceConfig()
    traces.on_request_headers_sent.append(_note_sent)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=limits, trace_configs=[traces]
    )


async def _note_sent(session: object, context: SimpleNamespace, params: object) -> None:
    if context.trace_request_ctx is not None:
        context.trace_request_ctx.at = time.perf_counter()


def _of(streams: list[Stream], value: Callable[[Stream], float]) -> str:
    values = sorted(map(value, streams))
    return f"median {statistics.median(values):.3f} s, longest {values[-1]:.3f} s"


async def main(arguments: argparse.Namespace) -> None:
    """Run every measurement with a size above 0."""
    if arguments.passing:
        await passing(arguments.passing)
    if arguments.streams:
        await at_once(arguments.streams, arguments.upstream, arguments.latency)
    if arguments.leaving:
        await leaving(arguments.leaving)
    if arguments.requests:
        await add_up(arguments.requests)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passing", type=int, default=200)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--upstream", type=int, default=64)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--leaving", type=int, default=20)
    parser.add_argument("--requests", type=int, default=1000)
    asyncio.run(main(parser.parse_args()))
