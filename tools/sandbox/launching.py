"""Start and end the process of a worker, on this machine or in a container."""

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
    """The process of a worker and the sockets connected to it."""

    control: socket.socket
    runs: socket.socket
    layers: tuple[str, ...]
    """Layers that are in force in addition to those that the worker applies itself."""

    def end(self) -> None:
        """End the process and wait until it is gone."""
        ...

    def forget(self) -> None:
        """Release the process without ending it."""
        ...

    def last_words(self) -> str:
        """End the process and return its last error message, or an empty string."""
        ...


def launch(kind: WorkerKind) -> Launched:
    """Start a worker of a kind; raises `WorkerFailed` if the system refuses."""
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
        """End the process, whose sockets are already closed, and wait until it is gone."""
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(0.05)
        if self._child.poll() is None:
            self._kill()
            self._child.wait()
        self._close_errors()

    def forget(self) -> None:
        """Release a child that belongs to the parent process after a fork."""
        self._child.returncode = 0
        self._close_errors()

    def last_words(self) -> str:
        """End the process and return the last line of its standard error."""
        self._kill()
        errors = self._child.stderr.read().decode(errors="replace") if self._child.stderr else ""
        lines = errors.strip().splitlines()
        return lines[-1][:300] if lines else ""

    def _kill(self) -> None:
        """Kill the whole session: a remaining process would keep standard error open forever."""
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
    """Return the prefix of a worker's command: Seatbelt on macOS, and nothing elsewhere.

    `sandbox-exec` is deprecated but still available. It does not raise the tier above `weak`.
    """
    if sys.platform != "darwin":
        return []
    python = str(Path(sys.executable).resolve())
    profile = _SEATBELT.format(python=python, prefix=sys.base_prefix, guest=GUEST)
    return ["/usr/bin/sandbox-exec", "-p", profile]
