"""A local server that answers every chat request after a fixed latency and counts the requests."""

import asyncio
import contextlib
import json
import sys
import urllib.request
from collections.abc import AsyncGenerator
from typing import NamedTuple

SERVER = """
import asyncio, json, sys
from aiohttp import web

latency, several, text = float(sys.argv[1]), sys.argv[2] == "True", sys.argv[3]
calls = active = 0

async def answer(request):
    global calls, active
    calls += 1
    asked = await request.json()
    active += 1
    try:
        await asyncio.sleep(latency)
    finally:
        active -= 1
    message = {"role": "assistant", "content": text}
    choices = [{"index": n, "finish_reason": "stop", "message": message}
               for n in range((asked.get("n") or 1) if several else 1)]
    usage = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
    if asked.get("stream"):
        return await stream(request, asked, usage)
    return web.json_response({"id": "1", "object": "chat.completion", "created": 1,
                              "model": asked["model"], "choices": choices, "usage": usage})

async def stream(request, asked, usage):
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    about = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": asked["model"]}
    choices = [{"index": 0, "delta": {"content": line}, "finish_reason": None}
               for line in text.splitlines(keepends=True)]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    chunks = [{**about, "choices": [choice]} for choice in choices]
    if (asked.get("stream_options") or {}).get("include_usage"):
        chunks.append({**about, "choices": [], "usage": usage})
    for chunk in chunks:
        await response.write(b"data: " + json.dumps(chunk).encode() + b"\\n\\n")
    await response.write(b"data: [DONE]\\n\\n")
    return response

async def count(request):
    return web.json_response([calls, active])

async def main():
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_get("/v1/calls", count)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


class ChatServer(NamedTuple):
    """A running server."""

    base: str
    """The base URL."""

    def calls(self) -> int:
        """Return the number of requests received so far."""
        return self._counts()[0]

    def active(self) -> int:
        """Return the number of requests in progress, without those whose client has
        disconnected."""
        return self._counts()[1]

    def _counts(self) -> tuple[int, int]:
        with urllib.request.urlopen(f"{self.base}/calls") as response:
            calls, active = json.load(response)
        return calls, active


@contextlib.asynccontextmanager
async def chat_server(
    latency: float, *, text: str = "The answer is 4.", several: bool = True
) -> AsyncGenerator[ChatServer]:
    """Run the server in a separate process; with `several`, one request may have n choices."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(latency), str(several), text),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    port = int(await process.stdout.readline())
    try:
        yield ChatServer(f"http://127.0.0.1:{port}/v1")
    finally:
        process.kill()
        await process.wait()
