"""Start the process of a worker, on this machine or in a container, and end it."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Protocol

from refinegraph.tools.sandbox.failures import WorkerFailed, explain
from refinegraph.tools.sandbox.kinds import BASE_ENVIRONMENT, GUEST, OPTIONS, WorkerKind


class Launched(Protocol):
    """The process of a worker, and the lines to it."""

    control: socket.socket
    runs: socket.socket
    layers: tuple[str, ...]
    """What holds it beside the layers that it takes up itself."""

    def end(self) -> None:
        """End it, and wait until it is gone."""
        ...

    def forget(self) -> None:
        """Let go of it without ending it."""
        ...

    def last_words(self) -> str:
        """End it and return why it did not start; empty where it said nothing."""
        ...


def launch(kind: WorkerKind) -> Launched:
    """Start a worker of a kind; raises `WorkerFailed` where the system does not let it."""
    if kind.container is None:
        try:
            return LocalProcess(kind)
        except (OSError, MemoryError) as error:
            raise WorkerFailed(f"a worker cannot be started: {explain(error)}") from None
    from refinegraph.tools.sandbox.containers import Container

    return Container(kind)


class LocalProcess:
    """A worker that is a child of this process."""

    layers: tuple[str, ...] = ()

    def __init__(self, kind: WorkerKind) -> None:
        with ExitStack() as lines:
            self.control, control = map(lines.enter_context, socket.socketpair())
            self.runs, runs = map(lines.enter_context, socket.socketpair())
            self._child = _spawn(kind, (control.fileno(), runs.fileno()))
            lines.pop_all()
        control.close()
        runs.close()

    def end(self) -> None:
        """End it, and wait until it is gone; its lines are closed already."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(0.05)
        if self._child.poll() is None:
            self._kill()
            self._child.wait()
        self._close_errors()

    def forget(self) -> None:
        """Let go of a child of the process that this one was forked from."""
        self._child.returncode = 0
        self._close_errors()

    def last_words(self) -> str:
        """End it and return the last line that it complained with."""
        self._kill()
        said = self._child.stderr.read().decode(errors="replace") if self._child.stderr else ""
        lines = said.strip().splitlines()
        return lines[-1][:300] if lines else ""

    def _kill(self) -> None:
        """Kill its whole session: what is left of it would keep its errors open for ever."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)

    def _close_errors(self) -> None:
        if self._child.stderr:
            self._child.stderr.close()


def _spawn(kind: WorkerKind, numbers: tuple[int, int]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *confining_command(),
            *(sys.executable, *OPTIONS, str(GUEST / "start.py")),
            *(*map(str, numbers), kind.settings.packed()),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=numbers,
        env={**dict(kind.environment), **BASE_ENVIRONMENT},
        cwd="/",
        start_new_session=True,
    )


_SEATBELT = """(version 1)
(deny default)
(allow process-fork)
(allow process-exec (literal "{python}"))
(allow file-read* (subpath "/usr") (subpath "/System") (subpath "/Library") (subpath "{prefix}")
  (subpath "{guest}") (literal "/dev/null") (literal "/dev/urandom") (literal "/"))
(allow file-write* (literal "/dev/null"))
(allow sysctl-read)
(allow signal (target self) (target children))
"""


def confining_command() -> list[str]:
    """Return what stands in front of a worker's command: Seatbelt on macOS, else nothing.

    `sandbox-exec` is deprecated and still there; the tier is `weak` with it as without.
    """
    if sys.platform != "darwin":
        return []
    python = str(Path(sys.executable).resolve())
    profile = _SEATBELT.format(python=python, prefix=sys.base_prefix, guest=GUEST)
    return ["/usr/bin/sandbox-exec", "-p", profile]
