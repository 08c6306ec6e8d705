"""A server with OpenAI's protocol of files and batches, which answers on demand."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Reply = Callable[[dict[str, Any]], "str | int"]
"""The text that answers a request, or the status that refuses it."""


class BatchServer:
    """Finishes batches after a number of polls; `waves` are their requests."""

    def __init__(self, reply: Reply, *, looks: int = 1, held: bool = False) -> None:
        self.waves: list[list[dict[str, Any]]] = []
        self.held = held
        """Whether batches never end."""
        self._reply = reply
        self._looks = looks
        self._files: dict[str, bytes] = {}
        self._batches: dict[str, dict[str, Any]] = {}
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                return

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path.endswith("/files"):
                    self._send(owner.add_file(_uploaded(body)))
                elif self.path.endswith("/batches"):
                    self._send(owner.add_batch(json.loads(body)))
                else:
                    self.send_error(404)

            def do_GET(self) -> None:
                if self.path.endswith("/content"):
                    self._send(owner.file(self.path.split("/")[-2]))
                elif "/batches/" in self.path:
                    self._send(owner.look(self.path.split("/")[-1]))
                else:
                    self._send({"object": "list", "data": owner.listed()})

            def _send(self, content: dict[str, Any] | bytes) -> None:
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> "BatchServer":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that point the command to this server."""
        return ("--model", "openai/x", "--api-base", self.base, "--provider-batch")

    def add_file(self, content: bytes) -> dict[str, Any]:
        id = f"file-{len(self._files)}"
        self._files[id] = content
        return {"id": id, "object": "file", "purpose": "batch"}

    def file(self, id: str) -> bytes:
        return self._files[id]

    def add_batch(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["endpoint"] == "/v1/chat/completions"
        requests = [json.loads(line) for line in self._files[asked["input_file_id"]].splitlines()]
        self.waves.append(requests)
        id = f"batch_{len(self._batches)}"
        about = {"status": "validating", "metadata": asked["metadata"], "looks": 0}
        self._batches[id] = {"id": id, "object": "batch", **about, "requests": requests}
        return self._shown(id)

    def look(self, id: str) -> dict[str, Any]:
        batch = self._batches[id]
        batch["looks"] += 1
        if not self.held and batch["looks"] >= self._looks and batch["status"] != "completed":
            lines = [json.dumps(self._line(each)) for each in batch["requests"]]
            batch["output_file_id"] = self.add_file("\n".join(lines).encode())["id"]
            batch["status"] = "completed"
        return self._shown(id)

    def listed(self) -> list[dict[str, Any]]:
        return [self._shown(id) for id in self._batches]

    def _shown(self, id: str) -> dict[str, Any]:
        return {name: value for name, value in self._batches[id].items() if name != "requests"}

    def _line(self, request: dict[str, Any]) -> dict[str, Any]:
        reply = self._reply(request["body"])
        if isinstance(reply, int):
            body: dict[str, Any] = {"error": {"message": "refused"}}
            status = reply
        else:
            body, status = _completion(reply, request["body"]), 200
        response = {"status_code": status, "request_id": "1", "body": body}
        return {"id": "1", "custom_id": request["custom_id"], "response": response, "error": None}


def _completion(text: str, asked: dict[str, Any]) -> dict[str, Any]:
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": asked["model"],
        "choices": [{"index": n, **choice} for n in range(asked.get("n") or 1)],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


def _uploaded(body: bytes) -> bytes:
    """Return the content of the uploaded file."""
    boundary = body.split(b"\r\n", 1)[0]
    part = next(part for part in body.split(boundary) if b"filename=" in part)
    return part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
