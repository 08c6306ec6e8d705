"""Run the command as a user does: in separate processes, with local servers."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

PATIENCE = 300
"""Seconds after which a command is assumed to hang; on a busy machine, one takes a minute."""
COMMAND = [sys.executable, "-m", "refinegraph"]
RIGHT = "```python\ndef add(a, b):\n    return a + b\n```"
WRONG = "```python\ndef add(a, b):\n    return a - b\n```"


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The last line of standard error."""
        return self.err.strip().splitlines()[-1] if self.err.strip() else ""


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("REFINEGRAPH_")}
    for name in ("OPENAI_API_KEY", "NO_COLOR", "COLUMNS", "LINES"):
        kept.pop(name, None)
    home = {"REFINEGRAPH_HOME": os.environ["REFINEGRAPH_HOME"]}
    return {**kept, **home, "PYTHONUNBUFFERED": "", **more}


def run_process(
    *arguments: str,
    stdin: bytes = b"",
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> Done:
    """Run the command in a separate process, without a terminal."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        timeout=PATIENCE,
        env=env or environment(),
        cwd=cwd,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


Reply = Callable[[dict[str, Any]], str]


class ChatServer:
    """An OpenAI-compatible server that answers each request with what a function returns."""

    def __init__(self, reply: Reply, *, kind: str, stall: float) -> None:
        self.asked: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                return

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.asked.append(asked)
                time.sleep(stall)
                text = reply(asked)
                data = (_completion(asked, text) if kind == "application/json" else text).encode()
                try:
                    self.send_response(200)
                    self.send_header("content-type", kind)
                    self.send_header("content-length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that point the command to this server."""
        return ("--model", "openai/x", "--api-base", self.base)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def _completion(asked: dict[str, Any], text: str) -> str:
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return json.dumps(
        {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": asked["model"],
            "choices": [{"index": number, **choice} for number in range(asked.get("n") or 1)],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        }
    )
