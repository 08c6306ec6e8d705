"""The part of Docker's Python package that the sandbox uses, with processes for containers."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest


class Container:
    """A process that runs a container's command where its volumes are on this machine."""

    def __init__(self, options: dict[str, Any]) -> None:
        places = {volume["bind"]: outside for outside, volume in options["volumes"].items()}
        words = [sys.executable, *(_outside(word, places) for word in options["command"][1:])]
        self.removed = False
        self.log: bytes | None = b""
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=options["environment"],
            cwd="/",
            start_new_session=True,
        )

    def logs(self) -> bytes:
        """Return the log; raises OSError if there is none, as for a removed container."""
        if self.log is None:
            raise OSError("no such container")
        return self.log

    def end(self) -> None:
        """Kill the process, and keep its errors as the log."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.log = self.process.communicate()[1]

    def remove(self, *, force: bool) -> None:
        """End the process."""
        assert force
        self.end()
        self.removed = True


class Engine:
    """An engine that remembers what it was asked for; one that is `down` starts nothing."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.started: list[Container] = []
        self.down = ""
        self.containers = self

    def run(self, **options: Any) -> Container:
        """Start a container."""
        if self.down:
            raise OSError(self.down)
        self.asked.append(options)
        self.started.append(Container(options))
        return self.started[-1]

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let `import docker` find this engine."""
        module: Any = ModuleType("docker")
        module.from_env = lambda: self
        monkeypatch.setitem(sys.modules, "docker", module)


def _outside(word: str, places: dict[str, str]) -> str:
    for inside, outside in places.items():
        if word.startswith(f"{inside}/"):
            return outside + word.removeprefix(inside)
    return word
