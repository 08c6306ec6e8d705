"""Worker processes that run tests in copies of the repository."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
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

    def run(
        self, tests: Sequence[str], limit: float, *, each: float = 60.0, measure: bool = False
    ) -> dict[str, Any]:
        """Run tests in a fork of the process.

        A run of more than `limit` seconds fails, and so does a test of more than `each` seconds.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process was started without pipes")
        request = {"tests": list(tests), "limit": limit, "each": each, "measure": measure}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        reply: dict[str, Any] = json.loads(self._process.stdout.readline())
        return reply


class Workers:
    """Several workers, each used by one thread at a time, that begin nothing after some seconds."""

    def __init__(self, jobs: int, name: str, seconds: float) -> None:
        self.jobs = jobs
        self._ends = time.monotonic() + seconds
        self._free: Queue[Worker] = Queue()
        for number in range(jobs):
            self._free.put(Worker(BUILD / f"copy-{name}-{number}"))

    def map(self, function: Any, items: Sequence[Any]) -> Iterator[Any]:
        """Yield the results of a function of an item and a worker, as they arrive.

        The result for an item that was not begun in time is None.
        """

        def attempt(item: Any) -> Any:
            if time.monotonic() > self._ends:
                return None
            worker = self._free.get()
            try:
                return function(item, worker)
            finally:
                self._free.put(worker)

        with ThreadPoolExecutor(self.jobs) as pool:
            for done in as_completed([pool.submit(attempt, item) for item in items]):
                yield done.result()


def copy(folder: Path) -> Path:
    """Copy the repository without build products."""
    shutil.rmtree(folder, ignore_errors=True)
    built = shutil.ignore_patterns(
        ".git", ".venv", "build", "*.egg-info", ".*_cache", ".hypothesis", "__pycache__"
    )
    shutil.copytree(ROOT, folder, symlinks=True, ignore=built)
    return folder
