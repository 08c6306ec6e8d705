"""Commands that a test interrupts once a condition holds."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil
from command_line import environment

SUPERVISOR = Path(__file__).with_name("supervisor.py")
PATIENCE = 180.0
"""Seconds after which a test fails because its condition never held."""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    survivors: list[str]
    """Processes that were still alive after the command."""
    err: str


class Command:
    """A running command in its own session, as a shell would start it."""

    def __init__(self, words: Sequence[str], **env: str) -> None:
        self._supervisor = subprocess.Popen(
            [sys.executable, str(SUPERVISOR), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**env),
        )
        assert self._supervisor.stdout
        self._lines: list[str] = []
        self.pid = int(self._supervisor.stdout.readline())
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._supervisor.stderr
        for line in self._supervisor.stderr:
            self._lines.append(line)

    @property
    def err(self) -> str:
        """The standard error so far."""
        return "".join(self._lines)

    def has_loaded(self, library: str) -> bool:
        """Return whether the command has loaded a compiled library whose path contains a text."""
        return library in Path(f"/proc/{self.pid}/maps").read_text()

    @property
    def children(self) -> list[psutil.Process]:
        """The child processes, such as the sandbox's."""
        return psutil.Process(self.pid).children(recursive=True)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        until = time.monotonic() + PATIENCE
        while not condition():
            assert self._supervisor.poll() is None, f"it ended early: {self.err}"
            assert time.monotonic() < until, f"it never came that far: {self.err}"
            time.sleep(0.005)

    def interrupt(self) -> Ended:
        """Send the signals of Ctrl-C in a terminal, and wait for the command and its children."""
        os.killpg(self.pid, signal.SIGINT)
        return self.end()

    def end(self) -> Ended:
        """Wait for the command and its children."""
        self._supervisor.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self._supervisor.stdout
        told = json.loads(self._supervisor.stdout.readlines()[-1])
        return Ended(told["code"], told["survivors"], self.err)

    def close(self) -> None:
        """Kill all remaining processes."""
        if self._supervisor.poll() is None:
            for process in psutil.Process(self._supervisor.pid).children(recursive=True):
                process.kill()
            self._supervisor.kill()
        self._supervisor.wait()
        for stream in (self._supervisor.stdout, self._supervisor.stderr):
            assert stream
            stream.close()
