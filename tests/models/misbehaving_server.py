"""A local OpenAI-compatible server that misbehaves as configured by a test."""

import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple

from refinegraph.agents.models import RetryPolicy, resolve_model
from refinegraph.agents.models.providers.remote_chat import RemoteChatModel
from refinegraph.agents.models.resolve import Client

QUICK = RetryPolicy(attempts=3, initial_wait=0.01, max_wait=0.02, max_retry_after=1.0)

JSON = "application/json"

CLIENTS: tuple[Client, ...] = ("direct", "litellm")
"""The clients to which the same contract applies."""


class Reply(NamedTuple):
    """The server's response to one request."""

    status: int = 200
    body: str = ""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    cut_off: bool = False
    """Whether the connection closes before the end of the body."""
    sized: bool = True
    """Whether to send the length of the body; otherwise the body ends with the connection."""
    reset: bool = False
    """Whether the connection is reset after the body."""
    raw: bytes | None = None
    """Bytes to send instead of an HTTP response."""
    hang: float = 0.0
    """Seconds before the second half of the body."""
    repeats: bool = False
    """Whether to repeat the body endlessly."""
    packed: bool = False
    """Whether the body is compressed."""


Behaviour = Reply | Callable[[dict[str, Any]], Reply]


def answer(*texts: str | None, usage: tuple[int, int] | None = (10, 4), **extra: Any) -> Reply:
    """Return a response with these choices."""
    choices = [
        {"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for i, text in enumerate(texts)
    ]
    body: dict[str, Any] = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
    body |= {"choices": choices, **extra}
    if usage is not None:
        body["usage"] = {
            "prompt_tokens": usage[0],
            "completion_tokens": usage[1],
            "total_tokens": sum(usage),
        }
    return Reply(body=json.dumps(body))


def error(status: int, message: str, *headers: tuple[str, str], code: str | None = None) -> Reply:
    """Return an error in OpenAI's format."""
    body = {"error": {"message": message, "type": "error", "code": code}}
    return Reply(status=status, body=json.dumps(body), headers=headers)


def streamed(
    *pieces: str,
    finish: str | None = "stop",
    usage: tuple[int, int] | None = (12, 5),
    after: str = "data: [DONE]\n\n",
) -> Reply:
    """Return a stream of chunks in OpenAI's format."""
    about = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": piece}}]}
        for piece in pieces
    ]
    if finish is not None:
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if usage is not None:
        counted = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
        chunks.append({"choices": [], "usage": {**counted, "total_tokens": sum(usage)}})
    lines = [f"data: {json.dumps({**about, **chunk})}\n\n" for chunk in chunks]
    return Reply(body="".join(lines) + after, content_type="text/event-stream")


def either(plain: Reply, stream: Reply) -> Callable[[dict[str, Any]], Reply]:
    """Respond differently to requests for a stream and for a whole answer."""
    return lambda request: stream if request.get("stream") else plain


class MisbehavingServer:
    """Serves its behaviours one after the other, and then repeats the last one."""

    def __init__(self, *behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.behaviours = behaviours
        self.tls = tls
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str] = []
        self.paths: list[str] = []
        self.closing = threading.Event()
        self.connections = 0
        self.active = 0
        self.peak = 0
        self.lock = threading.Lock()
        self.server = _Server(self)

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    def model(
        self, *, timeout: float = 60.0, retry: RetryPolicy = QUICK, client: Client = "auto"
    ) -> RemoteChatModel:
        model = resolve_model(
            "openai/m",
            api_base=self.api_base,
            api_key="sk-test-key",
            timeout=timeout,
            retry=retry,
            client=client,
        )
        assert isinstance(model, RemoteChatModel)
        return model

    def next(self, request: dict[str, Any], authorization: str, path: str) -> Reply:
        with self.lock:
            self.requests.append(request)
            self.paths.append(path)
            self.authorizations.append(authorization)
            position = min(len(self.requests), len(self.behaviours)) - 1
        behaviour = self.behaviours[position]
        return behaviour if isinstance(behaviour, Reply) else behaviour(request)

    def entered(self, by: int) -> None:
        with self.lock:
            self.active += by
            self.peak = max(self.peak, self.active)

    def __enter__(self) -> "MisbehavingServer":
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, owner: MisbehavingServer) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        with self.owner.lock:
            self.owner.connections += 1
        if self.owner.tls is None:
            super().finish_request(request, client_address)
            return
        with self.owner.tls.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore disconnecting clients, which are the subject of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""

    def do_POST(self) -> None:
        assert isinstance(self.server, _Server)
        owner = self.server.owner
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        owner.entered(1)
        try:
            reply = owner.next(request, self.headers.get("authorization", ""), self.path)
            owner.closing.wait(reply.delay)
        finally:
            owner.entered(-1)
        self.send(reply)

    def send(self, reply: Reply) -> None:
        body = reply.body.encode("latin-1" if "latin" in reply.content_type else "utf-8")
        body = gzip.compress(body) if reply.packed else body
        self.close_connection = reply.cut_off or reply.reset or not reply.sized or bool(reply.raw)
        if reply.raw is not None:
            self.wfile.write(reply.raw)
        elif body or not self.close_connection:
            self.send_http(reply, body)
        if reply.reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def send_http(self, reply: Reply, body: bytes) -> None:
        self.send_response(reply.status)
        headers: Sequence[tuple[str, str]] = (
            ("content-type", reply.content_type),
            *([("content-length", str(len(body) + 100 * reply.cut_off))] if reply.sized else []),
            *([("content-encoding", "gzip")] if reply.packed else []),
            *reply.headers,
        )
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        assert isinstance(self.server, _Server)
        self.server.owner.closing.wait(reply.hang)
        self.wfile.write(body[len(body) // 2 :])
        while reply.repeats and not self.server.owner.closing.wait(0.001):
            self.wfile.write(body)
