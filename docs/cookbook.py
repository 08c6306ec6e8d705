"""Run the commands and programs of the cookbook, and write down what they print.

    python -m docs.cookbook            # rewrite the page with the present outputs
    python -m docs.cookbook --check    # exit 1, with a diff, if they are others

The page is run from top to bottom in an empty folder: files that it shows are saved under the name
before them, commands of `console` blocks are run in this process, and Python blocks likewise. A
server on the loopback answers in place of Ollama.
"""

import difflib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent / "guides" / "cookbook.md"
PORT = 8400
"""The port of the server in the page, replaced by a free one while it runs."""
_PATIENCE = 120.0
"""Seconds after which a process that does not get on fails the run."""
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"`([\w.]+)`:\s*\Z")
"""The name of the file that the next block shows, at the end of the text before it."""
_INTERRUPT = "^C"
_VOLATILE = (
    (re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}"), "RUN"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?"), "DATE"),
    (re.compile(r"\b\d+(\.\d+)? m?s\b"), "TIME"),
    (re.compile(r"\d+\.\d+$", re.MULTILINE), "NUMBER"),
    (re.compile(r" +"), " "),
)
"""What differs from run to run, and what it is replaced with before outputs are compared."""

_LEAP_WRONG = "def is_leap(year):\n    return year % 4 == 0"
_LEAP = f"{_LEAP_WRONG} and (year % 100 != 0 or year % 400 == 0)"
_MEDIAN_WRONG = "def median(xs):\n    return sorted(xs)[len(xs) // 2]"
_MEDIAN = """\
def median(xs):
    ordered, half = sorted(xs), len(xs) // 2
    return (ordered[half] + ordered[~half]) / 2"""
_REVIEW = """\
VERDICT: wrong
STEP: return year % 4 == 0
WHY: 1900 is divisible by 100 but not by 400, so it is no leap year.
CHANGE: exclude the centuries that are not divisible by 400"""


def answer(model: str, prompt: str) -> str:
    """Return what a model answers: qwen3:8b repairs what is reviewed, gemma3:1b never does."""
    if "17 + 25" in prompt:
        return f"17 + 25 = \\boxed{{{42 if model == 'qwen3:8b' else 32}}}"
    if "# Task\nReview the" in prompt:
        return _REVIEW
    repairs = model == "qwen3:8b" and "# Task\nRepair the" in prompt
    if "median" in prompt:
        return _fenced(_MEDIAN if model == "qwen3:8b" else _MEDIAN_WRONG)
    return _fenced(_LEAP if repairs else _LEAP_WRONG)


def _fenced(program: str) -> str:
    return f"```python\n{program}\n```"


class Models:
    """A server that speaks OpenAI's protocol, and can be told to leave requests unanswered."""

    def __init__(self) -> None:
        self.answers: int | None = None
        """How many more requests are answered; all if None."""
        self.holding = threading.Event()
        models = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                return

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                prompt = asked["messages"][-1]["content"]
                if models.answers == 0:
                    models.holding.set()
                    threading.Event().wait()  # the thread ends with the process
                elif models.answers:
                    models.answers -= 1
                data = _completion(asked, answer(asked["model"], prompt))
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"


def _completion(asked: dict[str, Any], text: str) -> bytes:
    words = sum(len(message["content"].split()) for message in asked["messages"])
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": words, "completion_tokens": len(text.split())}
    done = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": asked["model"],
        "choices": [{"index": number, **choice} for number in range(asked.get("n") or 1)],
        "usage": {**usage, "total_tokens": sum(usage.values())},
    }
    return json.dumps(done).encode()


class Run:
    """One run of the page, in the working directory."""

    def __init__(self, models: Models, stack: ExitStack) -> None:
        self._models = models
        self._stack = stack
        self._port = _free_port()
        self._programs: dict[str, Any] = {"__name__": "cookbook"}

    def page(self, text: str) -> str:
        """Return the page with the outputs of its commands and programs."""
        printed = ""

        def block(match: re.Match[str]) -> str:
            nonlocal printed
            kind, code = match[1], match[2]
            if name := _NAMED.search(text[: match.start()]):
                Path(name[1]).write_text(code)
            elif kind == "console":
                code = self._console(code)
            elif kind == "py":
                printed = self._program(code)
            elif kind == "text":
                code = printed
            return f"```{kind}\n{code}```"

        return _FENCE.sub(block, text)

    def _console(self, code: str) -> str:
        """Run the commands of a block; earlier output is dropped."""
        commands = [line for line in code.splitlines() if line.startswith("$ ")]
        interrupted = _INTERRUPT in code.splitlines()
        parts: list[str] = []
        for command in commands:
            words = shlex.split(command.removeprefix("$ refinegraph "))
            if words[0] == "serve":
                output = self._served(words)
            elif interrupted and command == commands[0]:
                output = f"{_INTERRUPT}\n{self._interrupted(words)}"
            else:
                output = self._command(words)
            parts.append(f"{command}\n{output}")
        return "".join(parts)

    def _command(self, words: list[str]) -> str:
        from refinegraph.cli import main

        return _printed(lambda: main(words))

    def _program(self, code: str) -> str:
        program = compile(code.replace(str(PORT), str(self._port)), "cookbook", "exec")
        return _printed(lambda: exec(program, self._programs))

    def _interrupted(self, words: list[str]) -> str:
        """Interrupt a command while it waits for a second answer."""
        self._models.answers = 1
        command = [sys.executable, "-m", "refinegraph", *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            assert self._models.holding.wait(_PATIENCE), "no second answer was asked for"
            process.send_signal(signal.SIGINT)
            return _tidy(process.communicate(timeout=_PATIENCE)[0].decode())
        finally:
            process.kill()
            self._models.answers = None

    def _served(self, words: list[str]) -> str:
        """Start a server that runs until the page ends, and return what it prints first."""
        command = [sys.executable, "-m", "refinegraph", *words, "--port", str(self._port)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        lines: list[str] = []
        assert process.stderr
        for line in process.stderr:
            lines.append(line)
            if line.startswith("  try "):
                break
        return "".join(lines).replace(str(self._port), str(PORT))


def _printed(run: Callable[[], object]) -> str:
    """Run a function and return what it writes to the standard streams of this process."""
    with tempfile.TemporaryFile("w+") as output:
        sys.stdout.flush()
        kept = os.dup(1), os.dup(2)
        try:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            run()
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            for number, descriptor in enumerate(kept, start=1):
                os.dup2(descriptor, number)
                os.close(descriptor)
        output.seek(0)
        return _tidy(output.read())


def _tidy(text: str) -> str:
    """Return an output without trailing spaces and without blank lines at its ends."""
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    return "".join(f"{line}\n" for line in lines)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def comparable(text: str) -> list[str]:
    """Return the lines of a page without what differs from run to run."""
    for pattern, replacement in _VOLATILE:
        text = pattern.sub(replacement, text)
    return text.splitlines()


def executed(text: str) -> str:
    """Return a page with the outputs of its commands and programs, run in an empty folder."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what it runs with &
        signal.signal(signal.SIGINT, signal.default_int_handler)
    models = Models()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        home = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ |= {"REFINEGRAPH_HOME": home, "OLLAMA_API_BASE": models.address, "NO_COLOR": "1"}
        os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        stack.callback(os.chdir, Path.cwd())
        os.chdir(folder)
        return Run(models, stack).page(text)


def main() -> int:
    """Rewrite the page, or compare it with what it prints now."""
    before = PAGE.read_text()
    now = executed(before)
    if "--check" not in sys.argv:
        PAGE.write_text(now)
        return 0
    difference = list(difflib.unified_diff(comparable(before), comparable(now), lineterm=""))
    print("\n".join(difference))
    return bool(difference)


if __name__ == "__main__":
    sys.exit(main())
