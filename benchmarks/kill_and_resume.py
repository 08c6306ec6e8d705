"""Kill runs at random moments, resume them, and compare them with an undisturbed run.

    python benchmarks/kill_and_resume.py --times 100
    python benchmarks/kill_and_resume.py --times 50 --command eval
    python benchmarks/kill_and_resume.py --times 50 --strategy uct

Runs of `refinegraph solve` or `eval` use a local server that counts the calls, or the model of the
package (`--model embedded`). Each run is killed by SIGKILL after a random time and resumed, again
and again until it ends. The benchmark prints how many runs ended like the undisturbed run with the
same seed, and how many answered calls were repeated.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from refinegraph.embedded.tasks import generate_tasks
from refinegraph.runs import RunStore
from refinegraph.runs.report import report

COMMAND = [sys.executable, __file__, "as-refinegraph"]
"""The command that runs this file, so that the tree searches below are available as strategies."""
SEARCHES = ("uct", "best_first", "ab_mcts")


GRACE = 0.1
"""Seconds within which an answer that was sent may not be stored yet."""
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
    """A slow OpenAI-compatible server whose samples depend only on the request and the seed."""

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

    def repeated(self, kills: Sequence[float], calm: Mapping[str, int]) -> tuple[int, int]:
        """Count the repeated calls: those in flight at a kill, and all others."""
        flying = others = 0
        for text, times in self.answered.items():
            lost = sum(any(0 <= kill - sent < GRACE for kill in kills) for sent in times)
            extra = max(0, len(times) - calm.get(text, 0))
            flying += min(lost, extra)
            others += max(0, extra - lost)
        return flying, others

    @property
    def flags(self) -> list[str]:
        """The flags that point the command to this server."""
        base = f"http://127.0.0.1:{self.server.server_port}/v1"
        return ["--model", "openai/sampler", "--api-base", base]


def completion(request: dict[str, Any]) -> dict[str, Any]:
    """Answer a request with samples that depend only on the request and its seed."""
    prompt = json.dumps(request["messages"])
    choices: list[dict[str, Any]] = []
    for index in range(request.get("n") or 1):
        seed = (request.get("seed") or 0) + index
        number = int(hashlib.sha256(f"{seed} {prompt}".encode()).hexdigest(), 16)
        program = PROGRAMS[number % len(PROGRAMS)]
        text = f"```python\ndef keep(values):\n    {program}\n```"
        message = {"role": "assistant", "content": text}
        choices.append({"index": index, "finish_reason": "stop", "message": message})
    usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": 20 * len(choices)}
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
    """Return the output of the command, or None if it was killed."""
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


class Job(NamedTuple):
    """A command to run, kill and resume."""

    asked: list[str]
    """The arguments, in which `{folder}` stands for the folder of the output."""
    is_eval: bool

    def command(self, folder: Path) -> list[str]:
        """Return the command that starts or resumes the run in a folder."""
        asked = [word.replace("{folder}", str(folder)) for word in self.asked]
        if self.is_eval:
            begun = (folder / "out" / "settings.json").exists()
            return [*asked, "--resume"] if begun else asked
        begun = any((folder / "runs").glob("*/run.json"))
        return ["resume", "last", "--as-recorded", "--json"] if begun else asked

    def came(self, printed: str, folder: Path) -> object:
        """Return the part of the output that must not depend on interruptions."""
        if not self.is_eval:
            return _gist(json.loads(printed))
        lines = (folder / "out" / "results.jsonl").read_text().splitlines()
        results = [json.loads(line) for line in lines]
        return sorted((_gist(result) for result in results), key=str)


def _gist(result: dict[str, Any]) -> dict[str, Any]:
    result["usage"].pop("wall_seconds")
    names = ("problem_id", "strategy", "answer", "solved", "candidates", "usage", "stop_reason")
    return {name: result[name] for name in names}


def undisturbed(job: Job, folder: Path) -> tuple[object, float]:
    """Return the result of an undisturbed run and its duration in seconds."""
    began = time.monotonic()
    printed = run(job.command(folder), folder, kill_after=None)
    return job.came(printed or "", folder), time.monotonic() - began


def disturbed(job: Job, folder: Path, waits: Iterator[float]) -> tuple[object, list[float]]:
    """Return the result of a run that was killed and resumed, and the times of the kills."""
    kills: list[float] = []
    while (printed := run(job.command(folder), folder, kill_after=next(waits))) is None:
        kills.append(time.monotonic())
        if ended := list((folder / "runs").glob("*.json")):
            kept = RunStore(folder / "runs").get(ended[0].stem)
            printed = report(kept.result).model_dump_json()
            break
    return job.came(printed, folder), kills


def random_waits(draw: random.Random, seconds: float) -> Iterator[float]:
    """Yield random times within a run of `seconds` seconds."""
    while True:
        yield draw.uniform(0.4, 1.1) * seconds


def main() -> None:
    """Kill and resume runs, compare them, and count the differences."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=100, help="number of kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--command", choices=("solve", "eval"), default="solve")
    parser.add_argument("--strategy", choices=("magicore", *SEARCHES), default="magicore")
    parser.add_argument("--model", choices=("server", "embedded"), default="server")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    server = CountingServer(seconds=0.3)
    kills = same = runs = flying = others = 0
    while kills < options.times:
        with tempfile.TemporaryDirectory() as calm, tempfile.TemporaryDirectory() as name:
            flags = ["--model", "embedded"] if options.model == "embedded" else server.flags
            make = evaluation if options.command == "eval" else solving
            asked = [*flags, "--seed", str(runs), "--strategy", _strategies(options)]
            job = make(Path(name), asked, options.model, runs)
            wanted, seconds = undisturbed(job, Path(calm))
            calls = {text: len(times) for text, times in server.answered.items()}
            server.answered.clear()
            came, killed = disturbed(job, Path(name), random_waits(draw, seconds))
        runs, kills, same = runs + 1, kills + len(killed), same + (came == wanted)
        more = server.repeated(killed, calls)
        flying, others = flying + more[0], others + more[1]
        server.answered.clear()
        print(
            f"{kills:>4} kills, {runs} runs, {same} like the undisturbed; made again: "
            f"{flying} calls in flight at a kill, {others} answered before",
            flush=True,
        )


def solving(folder: Path, flags: list[str], model: str, seed: int) -> Job:
    """Return a job that solves one problem."""
    tests, problem, source = folder / "tests.py", PROBLEM, TESTS
    if model == "embedded":
        task = next(iter(generate_tasks("held_out", count=1, seed=seed)))
        problem, source = task.labelled.problem.prompt, task.labelled.problem.tests
    tests.write_text(source)
    asked = ["solve", problem, "--tests", str(tests), *flags, "--json"]
    return Job([*asked, "--samples", "4"], is_eval=False)


def evaluation(folder: Path, flags: list[str], model: str, seed: int) -> Job:
    """Return a job that evaluates two strategies on six problems."""
    dataset = folder / "problems.jsonl"
    with dataset.open("w") as file:
        for number, task in enumerate(generate_tasks("held_out", count=6, seed=seed)):
            problem, tests = task.labelled.problem, TESTS
            prompt = f"{PROBLEM} Number {number}."
            if model == "embedded":
                prompt, tests = problem.prompt, problem.tests
            record = {"id": str(number), "prompt": prompt, "tests": tests, "hidden_tests": tests}
            file.write(json.dumps(record) + "\n")
    asked = ["eval", "--dataset", str(dataset), "--out", "{folder}/out", *flags]
    more = ["--samples", "4", "--concurrency", "4"]
    return Job([*asked, *more], is_eval=True)


def _strategies(options: argparse.Namespace) -> str:
    both = options.command == "eval" and options.strategy == "magicore"
    return "magicore,adaptive" if both else options.strategy


def register_searches() -> None:
    """Register tree searches over repairs as strategies."""
    from refinegraph.agents import approved
    from refinegraph.graphs import Plan, SearchGraph, Strategy, register_strategy
    from refinegraph.graphs.policies import ab_mcts, best_first, uct

    policies = {
        "uct": uct("repair", roots=2, width=2, batch=2, max_candidates=10),
        "best_first": best_first("repair", roots=2, width=2, batch=2, max_candidates=10),
        "ab_mcts": ab_mcts("solve", "repair", batch=2, max_candidates=10),
    }

    def building(name: str) -> Callable[[Plan], SearchGraph]:
        def build(plan: Plan) -> SearchGraph:
            repair = plan.reviewer() >> plan.refiner().unless(approved())
            solver = plan.solver(samples=1, temperature=0.8)
            operators = {"solve": solver, "repair": repair}
            return plan.search(name, operators=operators, policy=policies[name])

        return build

    for name in SEARCHES:
        register_strategy(Strategy(name, "a tree search", "this benchmark", building(name)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["as-refinegraph"]:
        from refinegraph.cli import main as refinegraph

        register_searches()
        sys.exit(refinegraph(sys.argv[2:]))
    main()
