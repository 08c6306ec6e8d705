"""The server on real sockets, and an upstream server that counts its requests."""

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from refinegraph.options import RunOptions
from refinegraph.serving import ServerSettings, create_app
from refinegraph.serving.server import listen

PATIENCE = 120.0
"""Seconds after which a test fails because its condition never held."""
RIGHT = "Here it is:\n\n```python\ndef add(a, b):\n    return a + b\n```\n"
WRONG = "```python\ndef add(a, b):\n    return a - b\n```"
TESTS = "assert add(1, 2) == 3\nassert add(0, 0) == 0"
ASK = [{"role": "user", "content": "Write add(a, b)."}]

Reply = Callable[[dict[str, Any]], str]


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds; fail the test if it never does."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, "the condition never held"
        time.sleep(0.01)


class Serving:
    """An ASGI application on a free local port, in a separate thread."""

    def __init__(self, app: ASGIApp, *, lifespan: bool = False) -> None:
        listening = listen("127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            log_level="error",
            lifespan="on" if lifespan else "off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]})
        self._thread.start()
        wait_until(lambda: self._server.started)

    @property
    def base(self) -> str:
        return f"{self.address}/v1"

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)


@dataclass
class Upstream:
    """A chat server whose text is returned by `reply`; tokens depend only on request and text."""

    reply: Reply
    held: threading.Event = field(default_factory=threading.Event)
    """No request is answered before this event is set."""
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    prompt_tokens: int = 0
    completion_tokens: int = 0
    active: int = 0
    raw: bytes | None = None
    """A body to send unchanged instead of an answer."""
    status: int = 200

    def app(self) -> Starlette:
        paths = ("/v1/chat/completions", "/v1/responses")
        return Starlette(routes=[Route(path, self.answer, methods=["POST"]) for path in paths])

    async def answer(self, request: Request) -> Response:
        asked: dict[str, Any] = await request.json()
        self.asked.append(asked)
        self.active += 1
        try:
            await self.wait(request)
        finally:
            self.active -= 1
        if self.raw is not None:
            kind = "text/event-stream" if asked.get("stream") else "application/json"
            return Response(self.raw, status_code=self.status, media_type=kind)
        return self.respond(asked)

    async def wait(self, request: Request) -> None:
        while not self.held.is_set():
            if await request.is_disconnected():
                return
            await asyncio.sleep(0.005)

    def respond(self, asked: dict[str, Any]) -> Response:
        texts = [self.reply(asked) for _ in range(asked.get("n") or 1)]
        usage = self.count(asked, texts)
        if asked.get("stream"):
            return StreamingResponse(_chunks(texts, usage, asked), media_type="text/event-stream")
        choices = [
            {"index": n, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
            for n, text in enumerate(texts)
        ]
        return JSONResponse(_about("chat.completion", asked) | {"choices": choices, "usage": usage})

    def count(self, asked: dict[str, Any], texts: list[str]) -> dict[str, int]:
        said = json.dumps(asked["messages"])
        prompt = 10 + int(hashlib.sha256(said.encode()).hexdigest(), 16) % 90
        written = sum(1 + len(text) // 3 for text in texts)
        self.prompt_tokens += prompt
        self.completion_tokens += written
        total = prompt + written
        return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": total}


async def _chunks(
    texts: list[str], usage: dict[str, int], asked: dict[str, Any]
) -> AsyncGenerator[str]:
    about = _about("chat.completion.chunk", asked)
    for number, text in enumerate(texts):
        for word in text.splitlines(keepends=True):
            choice = {"index": number, "delta": {"content": word}, "finish_reason": None}
            yield f"data: {json.dumps({**about, 'choices': [choice]})}\n\n"
        end = {"index": number, "delta": {}, "finish_reason": "stop"}
        yield f"data: {json.dumps({**about, 'choices': [end]})}\n\n"
    if (asked.get("stream_options") or {}).get("include_usage"):
        yield f"data: {json.dumps({**about, 'choices': [], 'usage': usage})}\n\n"
    yield "data: [DONE]\n\n"


def _about(kind: str, asked: dict[str, Any]) -> dict[str, Any]:
    return {"id": "up-1", "object": kind, "created": 1, "model": asked["model"]}


class Served:
    """A server with an upstream server."""

    def __init__(self, reply: Reply, hold: bool, options: dict[str, Any], more: dict[str, Any]):
        self.upstream = Upstream(reply)
        if not hold:
            self.upstream.held.set()
        self._behind = Serving(self.upstream.app())
        own = RunOptions(model="openai/m", api_base=self._behind.base, **options)
        self.app = create_app(ServerSettings(own, **more))
        self._front = Serving(self.app)
        self.base = self._front.base
        self.address = self._front.address

    def stop_upstream(self) -> None:
        self._behind.close()

    def close(self) -> None:
        self.upstream.held.set()
        self._front.close()
        self._behind.close()
