"""Worker processes that run tests in copies of the repository."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any

from mutant_making import BUILD, ROOT


class Worker:
    """A process that runs tests in a copy of the repository."""

    def __init__(self, folder: Path) -> None:
        self.place = copy(folder)
        words = [sys.executable, str(ROOT / "benchmarks" / "mutant_runs.py"), str(folder)]
        environment = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            ["env", *(f"{name}={value}" for name, value in environment.items()), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, tests: Sequence[str], limit: float, *, measure: bool = False) -> dict[str, Any]:
        """Run tests in a fork of the process; a run longer than `limit` seconds fails."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process was started without pipes")
        request = {"tests": list(tests), "limit": limit, "measure": measure}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply: dict[str, Any] = json.loads(self._process.stdout.readline())
        return reply


class Workers:
    """Several workers, each used by one thread at a time."""

    def __init__(self, jobs: int, name: str) -> None:
        self.jobs = jobs
        self._free: Queue[Worker] = Queue()
        for number in range(jobs):
            self._free.put(Worker(BUILD / f"copy-{name}-{number}"))

    def map(self, function: Any, items: Sequence[Any]) -> Iterator[Any]:
        """Yield the results of a function of an item and a worker, in order."""

        def attempt(item: Any) -> Any:
            worker = self._free.get()
            try:
                return function(item, worker)
            finally:
                self._free.put(worker)

        with ThreadPoolExecutor(self.jobs) as pool:
            yield from pool.map(attempt, items)


def copy(folder: Path) -> Path:
    """Copy the repository without build products."""
    shutil.rmtree(folder, ignore_errors=True)
    built = shutil.ignore_patterns(
        ".git", ".venv", "build", "*.egg-info", ".*_cache", ".hypothesis", "__pycache__"
    )
    shutil.copytree(ROOT, folder, symlinks=True, ignore=built)
    return folder
