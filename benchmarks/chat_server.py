"""A server on the loopback that answers every chat request after a fixed latency, and counts.

`{call}` in its text becomes a digest of the request, so that an answer shows which request it
answers. With a log, every request is a line there: the time, the digest, the number of the
question, which follows its question mark in brackets, and the port that it came from. A second
file, NAME.answered, has the time and the digest of every answer that was sent.
"""

import asyncio
import contextlib
import json
import sys
import urllib.request
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import NamedTuple

SERVER = """
import asyncio, hashlib, json, re, sys, time
from aiohttp import web

latency, several, template = float(sys.argv[1]), sys.argv[2] == "True", sys.argv[3]
port, log = int(sys.argv[4]), open(sys.argv[5], "a") if sys.argv[5] else None
answered = open(sys.argv[5] + ".answered", "a") if sys.argv[5] else None
counts = sys.argv[6] == "True"
calls = active = prompts = written = 0

async def answer(request):
    global calls, active, prompts, written
    calls += 1
    body = await request.read()
    asked = json.loads(body)
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    text = template.replace("{call}", digest)
    if log:
        pages = re.findall(rb"\\? \\((\\d+)\\)", body)
        port = request.transport.get_extra_info("peername")[1]
        print(time.time(), digest, int(pages[0]) if pages else -1, port, file=log, flush=True)
    active += 1
    try:
        await asyncio.sleep(latency)
    finally:
        active -= 1
    if answered:
        print(time.time(), digest, file=answered, flush=True)
    message = {"role": "assistant", "content": text}
    choices = [{"index": n, "finish_reason": "stop", "message": message}
               for n in range((asked.get("n") or 1) if several else 1)]
    prompt = sum(len(m["content"]) for m in asked["messages"]) // 4 if counts else 20
    completion = len(choices) * (len(text) // 4 if counts else 5)
    prompts, written = prompts + prompt, written + completion
    usage = {"prompt_tokens": prompt, "completion_tokens": completion,
             "total_tokens": prompt + completion}
    if asked.get("stream"):
        return await stream(request, asked, usage, text)
    return web.json_response({"id": "1", "object": "chat.completion", "created": 1,
                              "model": asked["model"], "choices": choices, "usage": usage})

async def stream(request, asked, usage, text):
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
    return web.json_response([calls, active, prompts, written])

async def main():
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_get("/v1/calls", count)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=1024, reuse_address=True)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


class Counts(NamedTuple):
    """What a server has counted so far."""

    calls: int
    active: int
    """Requests that it is answering; those whose client left are none."""
    prompt: int
    """Tokens."""
    written: int
    """Tokens."""

    def since(self, before: "Counts") -> "Counts":
        """Return what was added."""
        return Counts(*(now - then for now, then in zip(self, before, strict=True)))


class ChatServer(NamedTuple):
    """A server that is running."""

    base: str
    """Its address."""

    def calls(self) -> int:
        """Return how many requests it got so far."""
        return self.counts().calls

    def active(self) -> int:
        """Return how many requests it is answering; those whose client left are none."""
        return self.counts().active

    def counts(self) -> Counts:
        """Return what it has counted so far."""
        with urllib.request.urlopen(f"{self.base}/calls") as told:
            return Counts(*json.load(told))


@contextlib.asynccontextmanager
async def chat_server(
    latency: float,
    *,
    text: str = "The answer is 4.",
    several: bool = True,
    port: int = 0,
    log: Path | None = None,
    counts: bool = False,
) -> AsyncGenerator[ChatServer]:
    """Run the server in a process of its own.

    `several` lets a request have n choices. A call counts 20 and 5 tokens, or with `counts` one for
    four characters of its messages and of its answer.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(latency), str(several), text),
        *(str(port), str(log or ""), str(counts)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    port = int(await process.stdout.readline())
    try:
        yield ChatServer(f"http://127.0.0.1:{port}/v1")
    finally:
        process.kill()
        await process.wait()
