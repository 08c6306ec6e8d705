"""Kill runs at random points, go on with them, and compare them with an undisturbed one.

    python benchmarks/kill_and_resume.py --times 100

Each run is `refinegraph solve` through a server on the loopback that counts what it is asked, or
with `--model embedded` on a task of the package's own model. It is killed by SIGKILL after a random time, resumed, killed
again, until it ends. It prints how many ended like the undisturbed run with the same seed, and how
many answered calls were made a second time.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from refinegraph.embedded.tasks import generate_tasks

COMMAND = [sys.executable, "-m", "refinegraph"]


GRACE = 0.1
"""Seconds within which an answer that was sent may not have been kept yet."""
PROGRAMS = (
    "return [v for v in values if v > 2]",
    "return [v for v in values if v >= 2]",
    "return sorted(values)",
    "return sorted(v for v in values if v > 2)",
    "return None",
)
PROBLEM = "Write keep(values): the values above 2, sorted, without repetition."
TESTS = "assert keep([3, 1, 5, 3]) == [3, 5]\nassert keep([4, 3]) == [3, 4]"


class CountingServer:
    """An OpenAI-compatible server whose samples follow from request and seed; slow on purpose."""

    def __init__(self, seconds: float) -> None:
        self.answered: dict[str, list[float]] = defaultdict(list)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["content-length"])).decode()
                time.sleep(seconds)
                body = json.dumps(completion(json.loads(text))).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    return
                outer.answered[text].append(time.monotonic())

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def repeated(self, kills: Sequence[float]) -> tuple[int, int]:
        """Count calls that were answered again: those in flight at a kill, and all others."""
        flying = others = 0
        for times in self.answered.values():
            for answered in times[:-1]:
                ended = next((kill for kill in kills if kill >= answered), answered + GRACE)
                flying += ended - answered < GRACE
                others += ended - answered >= GRACE
        return flying, others

    @property
    def flags(self) -> list[str]:
        """What points the command at this server."""
        base = f"http://127.0.0.1:{self.server.server_port}/v1"
        return ["--model", "openai/sampler", "--api-base", base]


def completion(asked: dict[str, Any]) -> dict[str, Any]:
    """Answer a request with the samples that it and its seed stand for."""
    said = json.dumps(asked["messages"])
    choices: list[dict[str, Any]] = []
    for place in range(asked.get("n") or 1):
        seed = (asked.get("seed") or 0) + place
        number = int(hashlib.sha256(f"{seed} {said}".encode()).hexdigest(), 16)
        program = PROGRAMS[number % len(PROGRAMS)]
        text = f"```python\ndef keep(values):\n    {program}\n```"
        message = {"role": "assistant", "content": text}
        choices.append({"index": place, "finish_reason": "stop", "message": message})
    usage = {"prompt_tokens": len(said) // 4, "completion_tokens": 20 * len(choices)}
    usage["total_tokens"] = sum(usage.values())
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "sampler",
        "choices": choices,
        "usage": usage,
    }


def run(arguments: list[str], home: Path, *, kill_after: float | None) -> str | None:
    """Return what the command printed; None where it was killed."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "REFINEGRAPH_HOME": str(home)},
    )
    try:
        out, err = process.communicate(timeout=kill_after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return None
    if not out:
        raise SystemExit(f"the command failed: {err}")
    return out


def gist(printed: str) -> dict[str, Any]:
    """Return what has to be the same, whatever happened on the way."""
    told = json.loads(printed)
    told["usage"].pop("wall_seconds")
    return {key: told[key] for key in ("answer", "solved", "candidates", "usage", "stop_reason")}


def undisturbed(asked: list[str], folder: Path) -> tuple[dict[str, Any], float]:
    """Return what a calm run came to, and the seconds that it took."""
    began = time.monotonic()
    printed = run(asked, folder / "calm", kill_after=None)
    return gist(printed or ""), time.monotonic() - began


def disturbed(
    asked: list[str], folder: Path, waits: Iterator[float]
) -> tuple[dict[str, Any], list[float]]:
    """Return what a run came to that was killed and resumed, and when it was killed."""
    kills: list[float] = []
    printed = run(asked, folder, kill_after=next(waits))
    while printed is None:
        kills.append(time.monotonic())
        begun = any((folder / "runs").glob("*/run.json"))
        again = ["resume", "last", "--json"] if begun else asked
        printed = run(again, folder, kill_after=next(waits))
    return gist(printed), kills


def main() -> None:
    """Kill, resume, compare, count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=100, help="how often to kill")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", choices=("server", "embedded"), default="server")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    server = CountingServer(seconds=0.3)
    kills = same = runs = flying = others = 0
    while kills < options.times:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            asked = arguments(options.model, server, folder, seed=runs)
            calm, seconds = undisturbed(asked, folder)
            server.answered.clear()
            waits = iter(lambda: draw.uniform(0.4, 1.1) * seconds, None)
            came, killed = disturbed(asked, folder, waits)
        runs, kills, same = runs + 1, kills + len(killed), same + (came == calm)
        more = server.repeated(killed)
        flying, others = flying + more[0], others + more[1]
        server.answered.clear()
        print(
            f"{kills:>4} kills, {runs} runs, {same} like the undisturbed; made again: "
            f"{flying} calls in flight at a kill, {others} answered before",
            flush=True,
        )


def arguments(model: str, server: CountingServer, folder: Path, *, seed: int) -> list[str]:
    """Return the command of one run."""
    tests, problem, given = folder / "tests.py", PROBLEM, TESTS
    if model == "embedded":
        task = next(iter(generate_tasks("test", count=1, seed=seed)))
        problem, given = task.problem.prompt, task.problem.tests
    tests.write_text(given)
    flags = ["--model", "embedded"] if model == "embedded" else server.flags
    asked = ["solve", problem, "--tests", str(tests), "--seed", str(seed), *flags, "--json"]
    return [*asked, "--strategy", "magicore", "--samples", "4"]


if __name__ == "__main__":
    main()
